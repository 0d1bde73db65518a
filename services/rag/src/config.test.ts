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

const { RAG_LANCEDB_DIR: _folder, ...WITHOUT_INDEX } = COMPLETE
const WITH_QDRANT = {
  ...WITHOUT_INDEX,
  RAG_QDRANT_URL: 'https://qdrant.example:6333',
  RAG_QDRANT_API_KEY_FILE: file('qdrant', 'qdrant-key\n'),
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
      index: { kind: 'lancedb', directory: '/var/lib/vectors' },
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
    for (const profile of ['production', undefined]) {
      expect(problemsOf({ ...COMPLETE, LEXCUSTIS_PROFILE: profile })).toEqual(['RAG_QDRANT_URL'])
      expect(problemsOf({ ...WITH_QDRANT, LEXCUSTIS_PROFILE: profile })).toEqual([])
    }
  })

  test('takes Qdrant, its key from a file, and a model only a production start insists on', () => {
    const env = { ...WITH_QDRANT, LEXCUSTIS_PROFILE: 'production' }
    expect(readConfig({ ...env, RAG_QDRANT_REPLICATION_FACTOR: '3' })).toMatchObject({
      index: {
        kind: 'qdrant',
        url: 'https://qdrant.example:6333',
        apiKey: 'qdrant-key',
        timeoutMs: 10_000,
        replicationFactor: 3,
        shardNumber: 1,
      },
      embedding: { isRequired: true },
    })
  })

  test('has one search index, and no setting of one that is not used', () => {
    const both = { ...WITH_QDRANT, RAG_LANCEDB_DIR: '/var/lib/vectors' }
    expect(problemsOf(both)).toEqual(['RAG_LANCEDB_DIR'])
    expect(problemsOf({ ...WITH_QDRANT, RAG_QDRANT_URL: undefined })).toEqual([
      'RAG_LANCEDB_DIR',
      'RAG_QDRANT_API_KEY_FILE',
    ])
  })

  test.each([
    'http://127.0.0.1:6333',
    'http://[::1]:6333',
    'http://10.1.2.3:6333',
    'http://172.31.0.1',
    'http://qdrant:6333',
    'http://qdrant.data.svc.cluster.local:6333',
    'https://qdrant.example',
    'https://proxy.example/qdrant',
  ])('takes %s', (url) => {
    expect(problemsOf({ ...WITH_QDRANT, RAG_QDRANT_URL: url })).toEqual([])
  })

  test.each([
    'http://qdrant.example:6333',
    'http://8.8.8.8:6333',
    'http://172.32.0.1:6333',
    'http://[2001:db8::1]:6333',
    'http://127.0.0.1.example.com:6333',
    'https://user:secret@qdrant.example',
    'https://qdrant.example?api-key=secret',
    'ftp://qdrant',
    'qdrant.example',
    '',
  ])('refuses %j as the URL of Qdrant, without quoting it', (url) => {
    const env = { ...WITH_QDRANT, RAG_QDRANT_URL: url }
    expect(problemsOf(env)).toEqual(['RAG_QDRANT_URL'])
    expect(() => readConfig(env)).not.toThrow(/secret/)
  })

  test('shows all problems at once', () => {
    expect(
      problemsOf({
        ...WITHOUT_INDEX,
        LEXCUSTIS_PROFILE: 'production',
        RAG_GRPC_PORT: 'x',
        RAG_LANCE: 'y',
      }),
    ).toEqual(['RAG_GRPC_PORT', 'RAG_LANCE', 'RAG_QDRANT_URL'])
  })
})
