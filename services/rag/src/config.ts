import type { EmbeddingSettings } from './adapters/embedding-model.js'
import type { QdrantSettings } from './adapters/qdrant-index.js'
import { indexProblems } from './index-problems.js'
import type { ParserLimits } from './parsing/parser-pool.js'
import {
  ConfigError,
  type ConfigProblem,
  directory,
  type Environment,
  integer,
  optionalSecretFile,
  readEnvironment,
  readProfile,
  type ServiceConfig,
  serviceShape,
  toServiceConfig,
  url,
} from '@lexcustis/runtime'

/** Where passages are searched. */
export type IndexSettings =
  | ({ readonly kind: 'qdrant' } & QdrantSettings)
  | { readonly kind: 'lancedb'; readonly directory: string }

export interface RagConfig extends ServiceConfig {
  readonly index: IndexSettings
  /** Folder of an embedding model; undefined for retrieval by terms alone. */
  readonly modelDirectory: string | undefined
  readonly embedding: Required<Omit<EmbeddingSettings, 'maxWaitingLength'>>
  readonly parsing: ParserLimits
}

const SHAPE = {
  ...serviceShape({ grpcPort: 50053, metricsPort: 9053 }),
  LANCEDB_DIR: directory().optional(),
  QDRANT_URL: url().optional(),
  QDRANT_API_KEY_FILE: optionalSecretFile(),
  QDRANT_TIMEOUT_MS: integer({ min: 100, max: 600_000, default: 10_000 }),
  QDRANT_REPLICATION_FACTOR: integer({ min: 1, max: 64, default: 1 }),
  QDRANT_SHARD_NUMBER: integer({ min: 1, max: 1_024, default: 1 }),
  MODEL_DIR: directory().optional(),
  EMBED_THREADS: integer({ min: 0, max: 256, default: 0 }),
  EMBED_MAX_TOKENS: integer({ min: 16, max: 8_192, default: 8_192 }),
  EMBED_BATCH_TOKENS: integer({ min: 64, max: 1_000_000, default: 2_048 }),
  PARSE_TIMEOUT_MS: integer({ min: 1_000, max: 3_600_000, default: 120_000 }),
  PARSE_MEMORY_MB: integer({ min: 128, max: 65_536, default: 1_024 }),
}

/** Throws ConfigError with every problem. */
export function readConfig(env: Environment): RagConfig {
  const isProduction = readProfile(env) === 'production'
  const problems = indexProblems(env, isProduction)
  const parsed = readSettings(env, problems)
  const index = toIndexSettings(parsed)
  if (problems.length > 0 || !index) throw new ConfigError(problems)
  return {
    ...toServiceConfig(parsed),
    index,
    modelDirectory: parsed.MODEL_DIR,
    embedding: {
      isRequired: isProduction,
      threads: parsed.EMBED_THREADS,
      maxTokens: parsed.EMBED_MAX_TOKENS,
      batchTokens: parsed.EMBED_BATCH_TOKENS,
    },
    parsing: { timeoutMs: parsed.PARSE_TIMEOUT_MS, memoryMb: parsed.PARSE_MEMORY_MB },
  }
}

function toIndexSettings(parsed: ReturnType<typeof readSettings>): IndexSettings | undefined {
  if (parsed.QDRANT_URL !== undefined) {
    return {
      kind: 'qdrant',
      url: parsed.QDRANT_URL,
      apiKey: parsed.QDRANT_API_KEY_FILE,
      timeoutMs: parsed.QDRANT_TIMEOUT_MS,
      replicationFactor: parsed.QDRANT_REPLICATION_FACTOR,
      shardNumber: parsed.QDRANT_SHARD_NUMBER,
    }
  }
  return parsed.LANCEDB_DIR === undefined
    ? undefined
    : { kind: 'lancedb', directory: parsed.LANCEDB_DIR }
}

/** Adds problems known already to those of the settings: all are shown at once. */
function readSettings(env: Environment, known: readonly ConfigProblem[]) {
  try {
    return readEnvironment('RAG_', env, SHAPE)
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...known, ...error.problems]) : error
  }
}
