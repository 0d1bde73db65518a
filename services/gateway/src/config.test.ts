import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@lexcustis/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from './config.js'

let directory: string
let complete: Record<string, string>

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gateway-config-'))
  const file = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content)
    return join(directory, name)
  }
  const jwk = file(
    'key.json',
    JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: 'x', d: 'd', kid: 'k' }),
  )
  const secret = file('secret', 'something\n')
  complete = {
    LEXCUSTIS_PROFILE: 'embedded',
    GATEWAY_AUDIT_ADDRESS: 'audit:50051',
    GATEWAY_COMPLIANCE_ADDRESS: 'compliance:50052',
    GATEWAY_RAG_ADDRESS: 'rag:50053',
    GATEWAY_LLM_ADDRESS: 'llm:50054',
    GATEWAY_TLS_CA_FILE: secret,
    GATEWAY_TLS_CERT_FILE: secret,
    GATEWAY_TLS_KEY_FILE: secret,
    GATEWAY_ACCESS_KEY_FILE: jwk,
    GATEWAY_TENANT_KEY_FILE: jwk,
    GATEWAY_DATABASE_URL_FILE: secret,
  }
})
afterAll(() => rmSync(directory, { recursive: true }))

function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ name }) => name).sort()
  }
}

describe('readConfig', () => {
  test('fills in the documented defaults', () => {
    expect(readConfig(complete)).toMatchObject({
      listenPort: 8080,
      metricsPort: 9080,
      dailyChatCap: 1000,
      userLimit: { name: 'user', limit: 60, windowSeconds: 60 },
      ipLimit: { name: 'ip', limit: 120, windowSeconds: 60 },
      chatMaxMs: 600_000,
      drainMs: 10_000,
      redisUrl: undefined,
      databaseUrl: 'something',
    })
  })

  test('accepts the short name of the cap, and prefers the long one', () => {
    const short = { ...complete, ORG_DAILY_CHAT_CAP: '7' }
    expect(readConfig(short).dailyChatCap).toBe(7)
    expect(readConfig({ ...short, GATEWAY_ORG_DAILY_CHAT_CAP: '8' }).dailyChatCap).toBe(8)
  })

  test('reports every problem at once', () => {
    const { GATEWAY_RAG_ADDRESS: _, ...rest } = complete
    expect(
      problemsOf({
        ...rest,
        GATEWAY_LISTEN_PORT: '99999',
        GATEWAY_TLS_KEY_FILE: '/nowhere',
        GATEWAY_LISTEN_PROT: '1',
      }),
    ).toEqual([
      'GATEWAY_LISTEN_PORT',
      'GATEWAY_LISTEN_PROT',
      'GATEWAY_RAG_ADDRESS',
      'GATEWAY_TLS_KEY_FILE',
    ])
  })

  test('wants both halves of the bootstrap operator', () => {
    expect(problemsOf({ ...complete, GATEWAY_BOOTSTRAP_OPERATOR_EMAIL: 'a@b.test' })).toEqual([
      'GATEWAY_BOOTSTRAP_OPERATOR_PASSWORD_FILE',
    ])
  })

  test('takes addresses and networks as trusted proxies, and nothing else', () => {
    const of = (text: string) => ({ ...complete, GATEWAY_TRUSTED_PROXIES: text })
    const { trustedProxies } = readConfig(of('10.0.0.0/8, ::1,fd00::/8'))
    expect(trustedProxies).toEqual(['10.0.0.0/8', '::1', 'fd00::/8'])
    for (const text of ['*', '10.0.0.0/33', 'proxy.local', '10.0.0.0/8/8', 'true']) {
      expect(problemsOf(of(text)), text).toEqual(['GATEWAY_TRUSTED_PROXIES'])
    }
  })

  test('refuses to count in one process in production', () => {
    expect(problemsOf({ ...complete, LEXCUSTIS_PROFILE: 'production' })).toEqual([
      'GATEWAY_REDIS_URL_FILE',
    ])
  })
})
