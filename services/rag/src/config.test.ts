import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigError } from '@lexcustis/runtime'
import { describe, expect, test } from 'vitest'
import { readConfig } from './config.js'

const folder = mkdtempSync(join(tmpdir(), 'lexcustis-rag-config-'))
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const COMPLETE = {
  LEXCUSTIS_PROFILE: 'embedded',
  RAG_TLS_CA_FILE: file('ca', 'ca'),
  RAG_TLS_CERT_FILE: file('cert', 'cert'),
  RAG_TLS_KEY_FILE: file('key', 'key'),
  RAG_TENANT_KEYS_FILE: file('keys', '{"keys":[{"kty":"OKP"}]}'),
  RAG_DATABASE_URL_FILE: file('url', 'postgres://x'),
  RAG_LANCEDB_DIR: '/var/lib/vectors',
}

const problemsOf = (env: Record<string, string | undefined>): string[] => {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return (error as ConfigError).problems.map(({ name }) => name).sort()
  }
}

describe('configuration', () => {
  test('has the ports of the contract', () => {
    expect(readConfig(COMPLETE)).toMatchObject({
      grpcPort: 50053,
      metricsPort: 9053,
      lanceDbDirectory: '/var/lib/vectors',
      modelDirectory: undefined,
    })
  })

  test('takes a model folder, which on one machine may be broken, and how to use it', () => {
    const settings = {
      RAG_MODEL_DIR: '/models',
      RAG_EMBED_THREADS: '3',
      RAG_EMBED_MAX_TOKENS: '512',
    }
    expect(readConfig({ ...COMPLETE, ...settings })).toMatchObject({
      modelDirectory: '/models',
      embedding: { isRequired: false, threads: 3, maxTokens: 512, batchTokens: 2_048 },
    })
    expect(problemsOf({ ...COMPLETE, RAG_EMBED_MAX_TOKENS: '8193' })).toEqual([
      'RAG_EMBED_MAX_TOKENS',
    ])
  })

  test('bounds the time and memory of a file that is read', () => {
    expect(readConfig(COMPLETE).parsing).toEqual({ timeoutMs: 120_000, memoryMb: 1_024 })
    const tooLittle = { RAG_PARSE_TIMEOUT_MS: '0', RAG_PARSE_MEMORY_MB: '16' }
    expect(problemsOf({ ...COMPLETE, ...tooLittle })).toEqual([
      'RAG_PARSE_MEMORY_MB',
      'RAG_PARSE_TIMEOUT_MS',
    ])
  })

  test('refuses the embedded index in production, which is also what no profile means', () => {
    expect(problemsOf({ ...COMPLETE, LEXCUSTIS_PROFILE: 'production' })).toEqual([
      'LEXCUSTIS_PROFILE',
    ])
    expect(problemsOf({ ...COMPLETE, LEXCUSTIS_PROFILE: undefined })).toEqual(['LEXCUSTIS_PROFILE'])
  })

  test('shows all problems at once', () => {
    const { RAG_LANCEDB_DIR: _, ...rest } = COMPLETE
    expect(
      problemsOf({ ...rest, LEXCUSTIS_PROFILE: 'production', RAG_GRPC_PORT: 'x', RAG_LANCE: 'y' }),
    ).toEqual(['LEXCUSTIS_PROFILE', 'RAG_GRPC_PORT', 'RAG_LANCE', 'RAG_LANCEDB_DIR'])
  })
})
