import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@lexcustis/core'
import { Certificate, ContentInfo, type IssuerAndSerialNumber, SignedData } from 'pkijs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkpointNote } from '../../test/memory-checkpoints.js'
import {
  hasOpenssl,
  type OpensslAuthority,
  startOpensslAuthority,
} from '../../test/openssl-authority.js'
import { createTimestampWitness } from '../domain/witness.js'
import { openDirectoryCheckpointStore } from './directory-checkpoint-store.js'
import { createTimestampAuthority, readCertificates } from './rfc3161-authority.js'
import { encodeTimestampRequest, verifyTimestampToken } from './timestamp-token.js'

const TIMESTAMPS = 'extendedKeyUsage=critical,timeStamping'
const log = {
  organizationId: '0199c1d2-0000-7000-8000-000000000001',
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
}
const note = checkpointNote(log, 12n)

describe.skipIf(!hasOpenssl)('an authority that is `openssl ts`', () => {
  let tsa: OpensslAuthority
  beforeAll(async () => {
    tsa = await startOpensslAuthority()
  })
  afterAll(() => tsa[Symbol.asyncDispose]())
  beforeEach(() => {
    tsa.tamper = ({ reply }) => ({ body: reply })
  })

  const stamp = (content = note, trustedCertificates: string | undefined = tsa.ca) =>
    createTimestampAuthority({ url: tsa.url, trustedCertificates }).stamp(Buffer.from(content))
  const problem = async (work: Promise<unknown> = stamp()): Promise<string> =>
    work.then(
      () => 'accepted',
      (error: unknown) => (error instanceof AppError ? error.message : String(error)),
    )

  test('its token is kept beside the note, and OpenSSL accepts it for that note only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lexcustis-stamped-'))
    const store = await openDirectoryCheckpointStore(folder)
    await store.put(log, 12n, note)
    const authority = createTimestampAuthority({ url: tsa.url, trustedCertificates: tsa.ca })
    const witness = createTimestampWitness({ authority, store })
    const before = tsa.exchanges.length
    await witness.push({ log, size: 12n, note })
    await witness.push({ log, size: 12n, note })
    expect(tsa.exchanges.length).toBe(before + 1)
    const token = (await store.getTimestamp(log, 12n))!
    expect(await tsa.verify(token, note)).toBe(true)
    expect(await tsa.verify(token, `${note} `)).toBe(false)
    expect(await tsa.verify(Buffer.from(token).fill(0, token.length - 1), note)).toBe(false)
    const trusted = readCertificates(tsa.ca)
    const { time } = await verifyTimestampToken(token, { message: Buffer.from(note), trusted })
    expect(Math.abs(Number(time) - Date.now())).toBeLessThan(60_000)
    await rm(folder, { recursive: true })
  })

  test('without trusted certificates any authority will do, with another’s none', async () => {
    expect(await problem(createTimestampAuthority({ url: tsa.url }).stamp(Buffer.from(note)))).toBe(
      'accepted',
    )
    await using other = await startOpensslAuthority()
    expect(await problem(stamp(note, other.ca))).toMatch(/its signature or its certificate/)
    expect(await problem(stamp(note, other.ca + tsa.ca))).toBe('accepted')
  })

  test('every request has a nonce of its own', async () => {
    await stamp()
    const first = tsa.exchanges.at(-1)!
    await stamp()
    expect(tsa.exchanges.at(-1)!.query.equals(first.query)).toBe(false)
    tsa.tamper = () => ({ body: first.reply })
    expect(await problem()).toMatch(/its nonce is another/)
  })

  test('a token without a nonce may be an old one', async () => {
    // The last field but certReq: INTEGER of eight bytes, cut out and the lengths put right.
    tsa.tamper = async ({ query }) => {
      const cut = query.indexOf(Buffer.from([2, 8]), query.length - 13)
      const bare = Buffer.concat([query.subarray(0, cut), query.subarray(cut + 10)])
      bare[1] = bare.length - 2
      return { body: await tsa.reply(bare) }
    }
    expect(await problem()).toMatch(/its nonce is another/)
  })

  test('a token over something else, with the right nonce, is refused', async () => {
    tsa.tamper = async ({ query }) => {
      const other = Buffer.from(query)
      const imprint = query.indexOf(Buffer.from([4, 32])) + 2
      other.writeUInt8(other.readUInt8(imprint) ^ 1, imprint)
      return { body: await tsa.reply(other) }
    }
    expect(await problem()).toMatch(/it stamps something else/)
  })

  test.each([
    ['for web servers', 'extendedKeyUsage=critical,serverAuth'],
    ['for timestamps and more', 'extendedKeyUsage=critical,timeStamping,serverAuth'],
    ['for timestamps, not critical', 'extendedKeyUsage=timeStamping'],
    ['for anything', 'keyUsage=critical,digitalSignature'],
  ])('a certificate %s of the same issuer is refused', async (_, usage) => {
    tsa.tamper = async ({ query }) => ({ body: await tsa.resign(query, usage) })
    expect(await problem()).toMatch(/not one for timestamps only/)
  })

  test('another certificate for timestamps of the same issuer is accepted', async () => {
    // Shows that what is refused above is refused for its certificate.
    tsa.tamper = async ({ query }) => ({ body: await tsa.resign(query, TIMESTAMPS) })
    expect(await problem()).toBe('accepted')
  })

  test('a signature that names no certificate could be under another one', async () => {
    tsa.tamper = async ({ query }) => ({ body: await tsa.resign(query, TIMESTAMPS, false) })
    expect(await problem()).toMatch(/does not name its certificate/)
  })

  test('a refusal of the authority is none of our tokens', async () => {
    // SHA-1 is not among the digests it takes: a reply with status rejection, and no token.
    tsa.tamper = async () => ({ body: await tsa.reply(sha1Query()) })
    expect(await problem()).toBe('the timestamp is refused: status 2')
  })

  test('no byte can be changed in what the token says, who signed it or the signature', async () => {
    const token = Buffer.from(await stamp())
    const message = Buffer.from(note)
    const trusted = readCertificates(tsa.ca)
    const { time } = await verifyTimestampToken(token, { message, trusted })
    const parts = signedParts(token)
    for (let index = 0; index < token.length; index += 5) {
      const changed = Buffer.from(token)
      changed.writeUInt8(changed.readUInt8(index) ^ 0x01, index)
      const read = verifyTimestampToken(changed, { message, trusted }).catch(() => undefined)
      const signed = parts.some(([start, end]) => index >= start && index < end)
      // Other certificates in it and lists of algorithms are signed by nothing and say nothing.
      if (signed) expect([index, await read]).toEqual([index, undefined])
      else expect([{ time }, undefined]).toContainEqual(await read)
    }
  })

  test('a token with bytes after it is refused', async () => {
    const token = Buffer.concat([await stamp(), Buffer.from([0])])
    const message = Buffer.from(note)
    expect(await problem(verifyTimestampToken(token, { message, trusted: [] }))).toMatch(
      /not one ASN.1 value/,
    )
  })

  test.each([
    ['garbage', { body: Buffer.from('<html>') }],
    ['nothing', { body: Buffer.alloc(0) }],
    ['an empty sequence', { body: Buffer.from([0x30, 0]) }],
    ['granted without a token', { body: Buffer.from([0x30, 5, 0x30, 3, 2, 1, 0]) }],
    ['granted with a null', { body: Buffer.from([0x30, 7, 0x30, 3, 2, 1, 0, 5, 0]) }],
    ['granted with an empty token', { body: Buffer.from([0x30, 7, 0x30, 3, 2, 1, 0, 0x30, 0]) }],
    ['too much', { body: Buffer.alloc(1_000_000) }],
    ['HTTP 500', { body: Buffer.alloc(0), status: 500 }],
    ['a redirect', { body: Buffer.alloc(0), status: 302 }],
  ])('%s is refused', async (_, answer) => {
    tsa.tamper = () => answer
    const error: unknown = await stamp().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).reason).toMatch(/^(UPSTREAM_ERROR|UNAVAILABLE)$/)
  })

  test('a good token under another type is refused', async () => {
    tsa.tamper = ({ reply }) => ({ body: reply, contentType: 'text/html' })
    expect(await problem()).toMatch(/another type/)
  })

  test('half of an answer is refused', async () => {
    tsa.tamper = ({ reply }) => ({ body: reply.subarray(0, reply.length / 2) })
    expect(await problem()).toMatch(/refused/)
  })
})

test('PEM that is none is refused at the start', () => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
  for (const trustedCertificates of ['', 'x', broken]) {
    expect(() => createTimestampAuthority({ url: 'http://x', trustedCertificates })).toThrow(
      TypeError,
    )
  }
})

/** TimeStampReq with a SHA-1 imprint of zeros. */
function sha1Query(): Buffer {
  const hex = `30 29 020101 3021 3009 0605 2b0e03021a 0500 0414 ${'00'.repeat(20)} 0101ff`
  const query = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  expect(encodeTimestampRequest(Buffer.from(''), Buffer.from([1]))[0]).toBe(query[0])
  return query
}

/** Where in a token the TSTInfo, the signer's certificate, its attributes and its signature lie. */
function signedParts(token: Buffer): readonly (readonly [number, number])[] {
  const content = ContentInfo.fromBER(Uint8Array.from(token).buffer).content as unknown
  const { encapContentInfo, signerInfos, certificates } = new SignedData({ schema: content })
  const signer = signerInfos[0]!
  const { serialNumber } = signer.sid as IssuerAndSerialNumber
  const certificate = certificates!.find(
    (each) => each instanceof Certificate && each.serialNumber.isEqual(serialNumber),
  )!
  const parts = [
    encapContentInfo.eContent!.getValue(),
    certificate.toSchema().toBER(),
    // Their tag is another when they are signed (RFC 5652, section 5.4).
    signer.signedAttrs!.encodedValue.slice(1),
    signer.signature.getValue(),
  ]
  return parts.map((part) => {
    const start = token.indexOf(Buffer.from(part))
    expect(start).toBeGreaterThan(0)
    return [start, start + part.byteLength] as const
  })
}
