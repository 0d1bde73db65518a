import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAuthority, issueCertificate } from '@lexcustis/provision'
import type { TlsIdentity } from '@lexcustis/rpc'

/** PEM texts of a test's own authority and of the certificates it issued. */
export interface TestCertificates {
  readonly ca: string
  /** Throws for a name that was not asked for. */
  identity(name: string): TlsIdentity
  /** Writes ca.crt, tls.crt and tls.key of a name into a folder; returns their paths. */
  write(name: string, directory: string): Promise<{ ca: string; cert: string; key: string }>
}

/** An authority and one certificate per name, in memory. A second call is a foreign authority. */
export async function createTestCertificates(names: readonly string[]): Promise<TestCertificates> {
  const authority = await createAuthority('Lex Custis test CA', 1)
  const issued = new Map<string, TlsIdentity>()
  for (const name of names) {
    issued.set(name, { ca: authority.cert, ...(await issueCertificate(authority, name, 1)) })
  }
  const identity = (name: string): TlsIdentity => {
    const found = issued.get(name)
    if (!found) throw new Error(`no certificate was made for ${name}`)
    return found
  }
  return {
    ca: authority.cert,
    identity,
    async write(name, directory) {
      const { ca, cert, key } = identity(name)
      const paths = {
        ca: join(directory, 'ca.crt'),
        cert: join(directory, 'tls.crt'),
        key: join(directory, 'tls.key'),
      }
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeFile(paths.ca, ca)
      await writeFile(paths.cert, cert)
      await writeFile(paths.key, key, { mode: 0o600 })
      return paths
    },
  }
}
