import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EvidenceError } from '../failure.js'
import { formatCheckpoint, logOrigin, readCheckpoint } from './checkpoint.js'
import { isStrongPoint, verifyEd25519 } from './ed25519.js'
import { type NoteSigner, readNote, signNote, verifyNote } from './note.js'
import { createVerifierKey, formatVkey, readVkey } from './vkey.js'

const NAME = logOrigin('example.com', '0199c1d2-0000-7000-8000-000000000001', 'inc')

function signer(name = NAME): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const key = createVerifierKey(name, Buffer.from(x, 'base64url'))
  return { ...key, sign: (message) => sign(null, message, privateKey) }
}

const text = formatCheckpoint({ origin: NAME, size: 7n, root: new Uint8Array(32).fill(9) })

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
    return 'nothing'
  } catch (error) {
    return error instanceof EvidenceError ? error.code : String(error)
  }
}

describe('signed notes', () => {
  test('the note of the Go checksum database, a published example, holds', async () => {
    // https://github.com/C2SP/C2SP/blob/main/signed-note.md quotes this key; x/mod/sumdb/note has the note.
    const key = readVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
    const note =
      'If you think cryptography is the answer to your problem,\n' +
      'then you don’t know what your problem is.\n\n' +
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
    const curly = note.replace('’', "'")
    await expect(verifyNote(readNote(curly), [key])).resolves.toMatchObject({ unknown: 0 })
    expect(formatVkey(key)).toBe(
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    )
    expect(await codeOf(async () => verifyNote(readNote(note), [key]))).toBe('checkpoint_signature')
  })

  test('lines of keys that were not given are counted, sixteen and more', async () => {
    const known = signer()
    const others = Array.from({ length: 20 }, () => signer())
    const note = readNote(signNote(text, [...others, known]))
    const { signedBy, unknown } = await verifyNote(note, [known])
    expect(signedBy).toEqual([known])
    expect(unknown).toBe(20)
  })

  test('one bad signature of a given key fails the note, whatever else holds', async () => {
    const [first, second] = [signer(), signer()]
    const liar = { ...second, sign: () => new Uint8Array(64) }
    const note = readNote(signNote(text, [first, liar]))
    expect(await codeOf(async () => verifyNote(note, [first, second]))).toBe('checkpoint_signature')
    await expect(verifyNote(note, [first])).resolves.toMatchObject({ unknown: 1 })
    expect(await codeOf(async () => verifyNote(note, []))).toBe('checkpoint_signature')
  })

  test.each([
    ['no blank line', `${text}— a AAAA\n`],
    ['no line feed at the end', signNote(text, [signer()]).slice(0, -1)],
    ['a hyphen for the dash', signNote(text, [signer()]).replace('— ', '- ')],
    ['base64 that is not canonical', `${text}\n— a AAAAAAB=\n`],
    ['a carriage return', signNote(text, [signer()]).replaceAll('\n', '\r\n')],
    ['no signature at all', `${text}\n`],
    ['an empty line after the signatures', `${signNote(text, [signer()])}\n`],
  ])('%s is refused', async (_, note) => {
    expect(await codeOf(() => readCheckpoint(note))).toBe('checkpoint_malformed')
  })
})

describe('checkpoints', () => {
  test('say what they were made from', () => {
    const { origin, size, root } = readCheckpoint(signNote(text, [signer()]))
    expect([origin, size]).toEqual([NAME, 7n])
    expect(root).toEqual(Buffer.alloc(32, 9))
  })

  test.each([
    ['size 0', text.replace('\n7\n', '\n0\n')],
    ['a leading zero', text.replace('\n7\n', '\n07\n')],
    ['a sign', text.replace('\n7\n', '\n+7\n')],
    ['2^63', text.replace('\n7\n', '\n9223372036854775808\n')],
    ['a short root', text.replace(/\n[^\n]*\n$/, '\nAAAA\n')],
    ['an extension line', `${text}more\n`],
    ['no root', text.replace(/\n[^\n]*\n$/, '\n')],
  ])('%s is refused', async (_, changed) => {
    expect(await codeOf(() => readCheckpoint(signNote(changed, [signer()])))).toBe(
      'checkpoint_malformed',
    )
  })
})

describe('verifier keys', () => {
  const vkey = formatVkey(signer())
  test.each([
    ['another id', vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['another name', `x${vkey}`],
    ['a space', vkey.replace('+', ' +')],
    ['another algorithm', `a+00000000+${Buffer.alloc(33, 2).toString('base64')}`],
    ['a short key', `a+00000000+${Buffer.alloc(20, 1).toString('base64')}`],
    ['padding that does not belong', `${vkey}=`],
    ['nothing', ''],
  ])('%s is refused', async (_, text) => {
    expect(await codeOf(() => readVkey(text))).toBe('key_malformed')
  })
})

describe('Ed25519', () => {
  test('the third vector of RFC 8032, section 7.1', async () => {
    const key = Buffer.from(
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'hex',
    )
    const signature = Buffer.from(
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
        '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
      'hex',
    )
    await expect(verifyEd25519(key, Buffer.from('af82', 'hex'), signature)).resolves.toBe(true)
    await expect(verifyEd25519(key, Buffer.from('af83', 'hex'), signature)).resolves.toBe(false)
    // S + L is the same number modulo L, and a second signature of the same message.
    const l = (1n << 252n) + 27742317777372353535851937790883648493n
    let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + l
    const forged = Buffer.from(signature)
    for (let index = 32; index < 64; index += 1, s >>= 8n) forged[index] = Number(s & 255n)
    await expect(verifyEd25519(key, Buffer.from('af82', 'hex'), forged)).resolves.toBe(false)
  })

  test.each([
    ['order 1', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['order 1, other sign', '0100000000000000000000000000000000000000000000000000000000000080'],
    ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['order 8, other sign', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
    ['order 8, the other', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['y = p', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['y = p + 1', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ])('a point of %s is refused', (_, point) => {
    expect(isStrongPoint(Buffer.from(point, 'hex'))).toBe(false)
  })

  test('a key of small order verifies nothing, though plain libraries accept it', async () => {
    // With A of order 1 and S = 0, R = the identity satisfies the equation for every message.
    const identity = Buffer.alloc(32)
    identity[0] = 1
    const signature = Buffer.concat([identity, Buffer.alloc(32)])
    await expect(verifyEd25519(identity, Buffer.from('any'), signature)).resolves.toBe(false)
  })
})
