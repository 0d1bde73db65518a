import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import { AppError } from '@lexcustis/core'
import { createTenantTokenVerifier } from '@lexcustis/rpc'
import { describe, expect, test } from 'vitest'
import { createTestCertificates } from './certificates.js'
import { createTestTenantKeys } from './tenant-keys.js'

describe('test certificates', () => {
  test('carry the name first, last as server and client, and chain to their own authority', async () => {
    const certificates = await createTestCertificates(['audit', 'gateway'])
    const foreign = await createTestCertificates(['audit'])
    const audit = new X509Certificate(certificates.identity('audit').cert)
    expect(audit.subjectAltName).toMatch(/^DNS:audit, /)
    expect(audit.verify(new X509Certificate(certificates.ca).publicKey)).toBe(true)
    expect(audit.verify(new X509Certificate(foreign.ca).publicKey)).toBe(false)
    expect(() => certificates.identity('rag')).toThrow('rag')
  })

  test('make a mutual TLS connection, and a foreign authority does not', async () => {
    const certificates = await createTestCertificates(['audit', 'gateway'])
    const foreign = await createTestCertificates(['gateway'])
    const { ca, cert, key } = certificates.identity('audit')
    const server = createServer(
      { ca, cert, key, requestCert: true, rejectUnauthorized: true },
      (socket) => socket.end(String(socket.getPeerCertificate().subjectaltname)),
    )
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const ask = async (identity: { ca: string; cert: string; key: string }): Promise<string> => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'audit', ...identity })
      let text = ''
      for await (const chunk of socket) text += String(chunk)
      return text
    }
    try {
      expect(await ask(certificates.identity('gateway'))).toContain('DNS:gateway')
      // With TLS 1.3 the refusal may come after the client's handshake: an error, or an empty answer.
      expect(await ask({ ...foreign.identity('gateway'), ca }).catch(() => '')).toBe('')
    } finally {
      server.close()
    }
  })
})

describe('test tenant keys', () => {
  const tenant = {
    organizationId: '01935b5e-0000-7000-8000-000000000001',
    userId: '01935b5e-0000-7000-8000-000000000002',
    userRole: 'member',
    kind: 'user',
    via: 'jwt',
  } as const

  test('sign for one audience only', async () => {
    const keys = await createTestTenantKeys()
    expect(JSON.stringify(keys.jwks)).not.toContain('"d"')
    const token = await keys.sign(tenant, 'rag')
    expect(await createTenantTokenVerifier(keys.jwks, 'rag')(token)).toEqual(tenant)
    await expect(createTenantTokenVerifier(keys.jwks, 'llm')(token)).rejects.toThrow(AppError)
  })
})
