import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { writePrivateFile } from './private-file.js'

x509.cryptoProvider.set(webcrypto)

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 24 * 60 * 60 * 1000
const AUTHORITY_DAYS = 3650
const LEAF_DAYS = 365
const RENEW_BEFORE_DAYS = 30
/** Clocks of two machines may differ. */
const BACKDATE_MS = 60 * 60 * 1000

/** PEM texts. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** A certificate authority of one deployment. */
export async function createAuthority(
  name = 'Lex Custis CA',
  days = AUTHORITY_DAYS,
): Promise<Pair> {
  const keys = await generateKeys()
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    ...validity(days),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem(cert), key: await exportKey(keys.privateKey) }
}

/**
 * A certificate for a service, as server and as client. The first DNS name is its identity; localhost
 * is there so that a service can be reached by address too.
 */
export async function issueCertificate(
  authority: Pair,
  name: string,
  days = LEAF_DAYS,
): Promise<Pair> {
  const keys = await generateKeys()
  const issuer = new x509.X509Certificate(authority.cert)
  const signingKey = await importKey(authority.key)
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${name}`,
    issuer: issuer.subject,
    ...validity(days),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: name },
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem(cert), key: await exportKey(keys.privateKey) }
}

/** Files of one service under `<directory>/<name>/`. */
export interface CertificateFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export function certificateFiles(directory: string, name: string): CertificateFiles {
  const at = (file: string): string => join(directory, name, file)
  return { ca: at('ca.crt'), cert: at('tls.crt'), key: at('tls.key') }
}

/**
 * Makes what is missing under `directory` and renews what expires within a month: the authority in
 * `ca/`, one folder per service with `ca.crt`, `tls.crt` and `tls.key`.
 */
export async function ensureCertificates(
  directory: string,
  names: readonly string[],
): Promise<void> {
  const home = certificateFiles(directory, 'ca')
  let authority = await readPair(home)
  if (!authority) {
    authority = await createAuthority()
    await writePair(home, authority)
  }
  for (const name of names) {
    const files = certificateFiles(directory, name)
    const known = await readPair(files)
    if (known && isIssuedBy(known.cert, authority.cert)) continue
    await writePrivateFile(files.ca, authority.cert, 0o644)
    await writePair(files, await issueCertificate(authority, name))
  }
}

async function readPair(files: CertificateFiles): Promise<Pair | undefined> {
  if (!existsSync(files.cert) || !existsSync(files.key)) return undefined
  const pair = { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') }
  return isUsable(pair) ? pair : undefined
}

/** The key first: a certificate without its key would look complete. */
async function writePair(files: CertificateFiles, pair: Pair): Promise<void> {
  await writePrivateFile(files.key, pair.key)
  await writePrivateFile(files.cert, pair.cert, 0o644)
}

/** Readable, good for another month, and certificate and key belong together. */
function isUsable({ cert, key }: Pair): boolean {
  try {
    const certificate = new X509Certificate(cert)
    const isFresh = Date.parse(certificate.validTo) - Date.now() > RENEW_BEFORE_DAYS * DAY_MS
    return isFresh && certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

function isIssuedBy(cert: string, authority: string): boolean {
  return new X509Certificate(cert).verify(new X509Certificate(authority).publicKey)
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}

async function importKey(key: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(key)
  if (!der) throw new Error('the key of the authority is not a PEM file')
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
}

function pem(cert: x509.X509Certificate): string {
  return `${cert.toString('pem')}\n`
}

/** Positive and at most 20 bytes (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return bytes.toString('hex')
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + days * DAY_MS) }
}
