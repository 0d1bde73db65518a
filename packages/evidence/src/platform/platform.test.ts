import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { crc32, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as browser from '../../browser/platform.js'
import * as node from './node.js'

const bytes = fc.uint8Array({ maxLength: 300 })

async function* pieces(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}

test('both platforms export the same names', () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort())
})

describe.each([
  ['node', node],
  ['browser', browser],
])('platform %s', (name, platform) => {
  test('hashes in one piece and in many', () => {
    fc.assert(
      fc.property(fc.array(bytes), (chunks) => {
        const expected = createHash('sha256').update(Buffer.concat(chunks)).digest('hex')
        const state = platform.createSha256()
        chunks.forEach((chunk) => state.update(chunk))
        expect(platform.toHex(state.digest())).toBe(expected)
        expect(platform.toHex(platform.sha256(Buffer.concat(chunks)))).toBe(expected)
      }),
    )
  })

  test('writes base64 and reads only its canonical form', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const text = platform.toBase64(data)
        expect(text).toBe(Buffer.from(data).toString('base64'))
        expect([...(platform.fromBase64(text) ?? [])]).toEqual([...data])
      }),
    )
    for (const bad of [
      'A',
      'AA',
      'AAA',
      'AB==',
      'AAB=',
      'AA=A',
      'A A=',
      '-_AA',
      'AAAA\n',
      '====',
    ]) {
      expect(platform.fromBase64(bad), bad).toBeUndefined()
    }
  })

  test('reads and writes UTF-8, keeps a byte order mark, refuses what is not well-formed', () => {
    const text = '\ufeffä€🙂\0'
    expect(platform.decodeUtf8(platform.encodeUtf8(text))).toBe(text)
    for (const bad of [
      [0x80],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2],
    ]) {
      expect(platform.decodeUtf8(Uint8Array.from(bad))).toBeUndefined()
      expect(platform.isUtf8(Uint8Array.from(bad))).toBe(false)
    }
    expect(platform.decodeLatin1(Uint8Array.of(0x41, 0xff))).toBe('A\xff')
  })

  test('CRC-32 goes on from where it stopped', () => {
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        expect(platform.crc32(second, platform.crc32(first, 0))).toBe(
          crc32(Buffer.concat([first, second])),
        )
      }),
    )
  })

  test('checks an Ed25519 signature', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
    const message = randomBytes(40)
    const signature = sign(null, message, privateKey)
    expect(await platform.verifyEd25519Plain(raw, message, signature)).toBe(true)
    expect(await platform.verifyEd25519Plain(raw, randomBytes(40), signature)).toBe(false)
    const noPoint = new Uint8Array(32).fill(0x02)
    expect(await platform.verifyEd25519Plain(noPoint, message, signature)).toBe(false)
  })

  test('inflates what is larger than a buffer', async () => {
    const data = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(3_000_000)])
    const inflated = await all(platform.inflateRaw(pieces(deflateRawSync(data), 70_000)))
    expect(inflated.equals(data)).toBe(true)
  })

  test('does not inflate what is damaged, cut short or followed by something', async () => {
    const packed = deflateRawSync(randomBytes(5_000))
    const damaged = Buffer.from(deflateRawSync('a'.repeat(9_000)))
    damaged[0] = 0xff
    // Node's own DecompressionStream lets the latter pass; those of browsers do not.
    const longer = [Buffer.from('x'), randomBytes(300_000)].map((tail) =>
      Buffer.concat([packed, tail]),
    )
    for (const data of [damaged, packed.subarray(0, -3), ...(name === 'node' ? longer : [])]) {
      await expect(all(platform.inflateRaw(pieces(data, 1_000)))).rejects.toThrow()
    }
  })

  test('an error of the source is an error of the inflated', async () => {
    const failing = (async function* () {
      yield deflateRawSync(randomBytes(5_000)).subarray(0, 100)
      throw new Error('disk is gone')
    })()
    await expect(all(platform.inflateRaw(failing))).rejects.toThrow('disk is gone')
  })

  test('who stops reading stops the source', async () => {
    const packed = deflateRawSync(Buffer.alloc(50_000_000))
    let total = 0
    for await (const chunk of platform.inflateRaw(pieces(packed, 1_000))) {
      total += chunk.length
      if (total > 100_000) break
    }
    expect(total).toBeLessThan(5_000_000)
  })
})
