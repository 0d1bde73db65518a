import type { EmbeddingSettings } from './adapters/embedding-model.js'
import type { ParserLimits } from './parsing/parser-pool.js'
import {
  ConfigError,
  type ConfigProblem,
  directory,
  type Environment,
  integer,
  readEnvironment,
  readProfile,
  type ServiceConfig,
  serviceShape,
  toServiceConfig,
} from '@lexcustis/runtime'

export interface RagConfig extends ServiceConfig {
  /** Folder of the embedded search index. */
  readonly lanceDbDirectory: string
  /** Folder of an embedding model; undefined for retrieval by terms alone. */
  readonly modelDirectory: string | undefined
  readonly embedding: Required<Omit<EmbeddingSettings, 'maxWaitingLength'>>
  readonly parsing: ParserLimits
}

const SHAPE = {
  ...serviceShape({ grpcPort: 50053, metricsPort: 9053 }),
  LANCEDB_DIR: directory(),
  MODEL_DIR: directory().optional(),
  EMBED_THREADS: integer({ min: 0, max: 256, default: 0 }),
  EMBED_MAX_TOKENS: integer({ min: 16, max: 8_192, default: 8_192 }),
  EMBED_BATCH_TOKENS: integer({ min: 64, max: 1_000_000, default: 2_048 }),
  PARSE_TIMEOUT_MS: integer({ min: 1_000, max: 3_600_000, default: 120_000 }),
  PARSE_MEMORY_MB: integer({ min: 128, max: 65_536, default: 1_024 }),
}

const EMBEDDED_ONLY: ConfigProblem = {
  name: 'LEXCUSTIS_PROFILE',
  problem: 'is not embedded, and the search index of this version is: it serves one machine only',
  fix: 'set LEXCUSTIS_PROFILE=embedded to run on one machine without replicas elsewhere',
}

/** Throws ConfigError with every problem. */
export function readConfig(env: Environment): RagConfig {
  const refused = readProfile(env) === 'production' ? [EMBEDDED_ONLY] : []
  const parsed = readSettings(env, refused)
  if (refused.length > 0) throw new ConfigError(refused)
  return {
    ...toServiceConfig(parsed),
    lanceDbDirectory: parsed.LANCEDB_DIR,
    modelDirectory: parsed.MODEL_DIR,
    embedding: {
      isRequired: readProfile(env) === 'production',
      threads: parsed.EMBED_THREADS,
      maxTokens: parsed.EMBED_MAX_TOKENS,
      batchTokens: parsed.EMBED_BATCH_TOKENS,
    },
    parsing: { timeoutMs: parsed.PARSE_TIMEOUT_MS, memoryMb: parsed.PARSE_MEMORY_MB },
  }
}

/** Adds problems known already to those of the settings: all are shown at once. */
function readSettings(env: Environment, known: readonly ConfigProblem[]) {
  try {
    return readEnvironment('RAG_', env, SHAPE)
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...known, ...error.problems]) : error
  }
}
