import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  certificateFiles,
  createAuthority,
  ensureCertificates,
  issueCertificate,
} from './certificates.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lexcustis-certificates-'))
})
afterEach(async () => rm(directory, { recursive: true }))

const read = async (name: string) => {
  const { ca, cert } = certificateFiles(directory, name)
  return {
    authority: new X509Certificate(await readFile(ca)),
    certificate: new X509Certificate(await readFile(cert)),
  }
}

describe('certificates of a data folder', () => {
  test('are made once: the next start finds the same ones', async () => {
    await ensureCertificates(directory, ['audit', 'rag'])
    const before = await read('audit')
    await ensureCertificates(directory, ['audit', 'rag'])
    const after = await read('audit')
    expect(after.certificate.fingerprint256).toBe(before.certificate.fingerprint256)
    expect(after.certificate.subjectAltName).toBe('DNS:audit, DNS:localhost, IP Address:127.0.0.1')
    expect(after.certificate.verify(after.authority.publicKey)).toBe(true)
    expect((await stat(certificateFiles(directory, 'audit').key)).mode & 0o777).toBe(0o600)
  })

  test('are for both ends of a connection and issue nothing themselves', async () => {
    const { cert } = await issueCertificate(await createAuthority(), 'llm')
    const certificate = new X509Certificate(cert)
    expect(certificate.ca).toBe(false)
    expect([...certificate.keyUsage].sort()).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
  })

  test('are renewed when they expire within a month, the others stay', async () => {
    await ensureCertificates(directory, ['audit', 'rag'])
    const authority = certificateFiles(directory, 'ca')
    const pair = {
      cert: await readFile(authority.cert, 'utf8'),
      key: await readFile(authority.key, 'utf8'),
    }
    const old = await issueCertificate(pair, 'audit', 29)
    await writeFile(certificateFiles(directory, 'audit').cert, old.cert)
    await writeFile(certificateFiles(directory, 'audit').key, old.key)
    const rag = await read('rag')

    await ensureCertificates(directory, ['audit', 'rag'])
    const { certificate } = await read('audit')
    expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(300 * 86_400_000)
    expect((await read('rag')).certificate.fingerprint256).toBe(rag.certificate.fingerprint256)
  })

  test('are made anew when a crash left a key without its certificate', async () => {
    await ensureCertificates(directory, ['audit'])
    const other = await issueCertificate(await createAuthority(), 'audit')
    await writeFile(certificateFiles(directory, 'audit').key, other.key)
    const before = await read('audit')
    await ensureCertificates(directory, ['audit'])
    const { certificate } = await read('audit')
    expect(certificate.fingerprint256).not.toBe(before.certificate.fingerprint256)
    const key = createPrivateKey(await readFile(certificateFiles(directory, 'audit').key))
    expect(certificate.checkPrivateKey(key)).toBe(true)
  })

  test('all follow a new authority, as after its file was damaged', async () => {
    await ensureCertificates(directory, ['audit', 'rag'])
    await writeFile(certificateFiles(directory, 'ca').cert, 'damaged')
    await ensureCertificates(directory, ['audit', 'rag'])
    const [audit, rag] = [await read('audit'), await read('rag')]
    expect(audit.authority.fingerprint256).toBe(rag.authority.fingerprint256)
    expect(audit.certificate.verify(audit.authority.publicKey)).toBe(true)
    expect(rag.certificate.verify(audit.authority.publicKey)).toBe(true)
  })
})
