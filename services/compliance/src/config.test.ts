import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from './config.js'

const folder = mkdtempSync(join(tmpdir(), 'lexcustis-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const complete = {
  COMPLIANCE_TLS_CA_FILE: file('ca', 'ca'),
  COMPLIANCE_TLS_CERT_FILE: file('cert', 'cert'),
  COMPLIANCE_TLS_KEY_FILE: file('key', 'key'),
  COMPLIANCE_TENANT_KEYS_FILE: file('keys', '{"keys":[{"kty":"OKP"}]}'),
  COMPLIANCE_DATABASE_URL_FILE: file('url', 'postgres://db\n'),
}

describe('configuration', () => {
  test('has the documented ports and needs no peers and no models', () => {
    const config = readConfig(complete)
    expect([config.grpcPort, config.metricsPort]).toEqual([50_052, 9_052])
    expect(config.peers).toEqual({ audit: undefined, llm: undefined, rag: undefined })
    expect(config.modelDirectory).toBeUndefined()
  })

  test('takes the addresses of its peers', () => {
    const config = readConfig({ ...complete, COMPLIANCE_AUDIT_ADDRESS: 'audit:50051' })
    expect(config.peers.audit).toBe('audit:50051')
  })

  test('names every problem at once', () => {
    const wrong = { ...complete, COMPLIANCE_GRPC_PORT: 'x', COMPLIANCE_GROUNDING: '1' }
    expect(() => readConfig(wrong)).toThrow(/COMPLIANCE_GRPC_PORT[^]*COMPLIANCE_GROUNDING/)
  })
})
