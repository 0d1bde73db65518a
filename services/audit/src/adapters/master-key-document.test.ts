import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyProblem } from './key-file.js'
import { formatMasterKeyDocument, readMasterKeyDocument, toEpochs } from './master-key-document.js'

const [a, b] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
const ciphertext = `vault:v1:${randomBytes(60).toString('base64')}`

const problemOf = (read: () => unknown): string => {
  try {
    read()
  } catch (error) {
    if (error instanceof KeyProblem) return error.message
    throw error
  }
  return 'accepted'
}

describe('a master key file', () => {
  test('with one key alone is mac-1', () => {
    expect(toEpochs(readMasterKeyDocument(a, 'plain'))).toMatchObject([
      { kid: 'mac-1', state: 'current' },
    ])
  })

  test('comes back as it was written, in the order of the numbers', () => {
    const kids = fc.uniqueArray(fc.integer({ min: 1, max: 999_999_999 }), { minLength: 1 })
    fc.assert(
      fc.property(kids, fc.nat(), (numbers, chosen) => {
        const keys = new Map<string, string>(
          numbers.map((n) => [`mac-${n}`, randomBytes(32).toString('base64')] as const),
        )
        const current = `mac-${numbers[chosen % numbers.length]!}`
        const text = formatMasterKeyDocument({ current, keys })
        const read = readMasterKeyDocument(text.trim(), 'plain')
        expect(read.current).toBe(current)
        expect(new Map(read.keys)).toEqual(keys)
        const order = [...read.keys.keys()].map((kid) => Number(kid.slice(4)))
        expect(order).toEqual([...numbers].sort((x, y) => x - y))
        const epochs = toEpochs(read)
        expect(epochs.filter(({ state }) => state === 'current')).toMatchObject([{ kid: current }])
        for (const { kid, key } of epochs) {
          expect(key.export().toString('base64')).toBe(keys.get(kid))
        }
      }),
    )
  })

  const doc = (current: unknown, keys: unknown, more: object = {}) =>
    JSON.stringify({ current, keys, ...more })

  test.each<[string, string, string]>([
    ['a short key', randomBytes(31).toString('base64'), 'not 32 bytes'],
    ['a long key', randomBytes(33).toString('base64'), 'not 32 bytes'],
    ['a key in hex', randomBytes(32).toString('hex'), 'not 32 bytes'],
    ['a key in base64url', `${'-_'.repeat(21)}A=`, 'not 32 bytes'],
    ['a key without padding', a.slice(0, -1), 'not 32 bytes'],
    ['bits that do not count', `${'A'.repeat(42)}B=`, 'not 32 bytes'],
    ['two lines', `${a}\n${b}`, 'not 32 bytes'],
    ['a placeholder', Buffer.alloc(32, 1).toString('base64'), 'placeholder'],
    [
      'a placeholder among keys',
      doc('mac-1', { 'mac-1': a, 'mac-2': `${'A'.repeat(43)}=` }),
      'mac-2',
    ],
    ['half of it', doc('mac-1', { 'mac-1': a }).slice(0, -1), 'not JSON'],
    ['something after it', `${doc('mac-1', { 'mac-1': a })}{}`, 'not JSON'],
    ['a key twice', `{"current":"mac-1","keys":{"mac-1":"${a}","mac-1":"${b}"}}`, 'twice'],
    [
      'current twice',
      `{"current":"mac-1","current":"mac-2","keys":{"mac-1":"${a}","mac-2":"${b}"}}`,
      'twice',
    ],
    ['no current', JSON.stringify({ keys: { 'mac-1': a } }), 'current'],
    ['a current that is not there', doc('mac-2', { 'mac-1': a }), 'current'],
    ['a current that is no text', doc(1, { 'mac-1': a }), 'current'],
    ['no keys', doc('mac-1', {}), 'current'],
    ['keys that are a list', doc('mac-1', [a]), 'not an object'],
    ['keys that are null', doc('mac-1', null), 'not JSON'],
    ['a member nobody knows', doc('mac-1', { 'mac-1': a }, { retired: [] }), 'members'],
    ['another name', doc('main', { main: a }), 'otherwise than mac-1'],
    ['a name with a zero', doc('mac-01', { 'mac-01': a }), 'otherwise than mac-1'],
    ['a prototype', '{"current":"__proto__","keys":{"__proto__":"x"}}', 'not JSON'],
    ['an inherited name', doc('constructor', { 'mac-1': a }), 'current'],
    ['a key that is a number', doc('mac-1', { 'mac-1': 1 }), 'not 32 bytes'],
    ['what Vault encrypted', doc('mac-1', { 'mac-1': ciphertext }), 'encrypted by Vault'],
    ['what Vault encrypted, alone', ciphertext, 'encrypted by Vault'],
  ])('with %s is refused, and not quoted', (_, text, expected) => {
    const problem = problemOf(() => readMasterKeyDocument(text, 'plain'))
    expect(problem).toContain(expected)
    for (const secret of [a, b, text.slice(0, 40)])
      expect(problem).not.toContain(secret.slice(0, 10))
  })

  test.each<[string, string]>([
    ['in the clear', doc('mac-1', { 'mac-1': a })],
    ['in the clear, alone', a],
    ['in part', doc('mac-1', { 'mac-1': ciphertext, 'mac-2': a })],
    ['without a version', doc('mac-1', { 'mac-1': ciphertext.replace('v1:', '') })],
    ['of nothing', doc('mac-1', { 'mac-1': 'vault:v1:' })],
  ])('for Vault with keys %s is refused', (_, text) => {
    expect(problemOf(() => readMasterKeyDocument(text, 'vault'))).toContain('Vault')
  })

  test('with one key under two names is refused', () => {
    const text = doc('mac-1', { 'mac-1': a, 'mac-2': a })
    expect(problemOf(() => toEpochs(readMasterKeyDocument(text, 'plain')))).toContain(
      'the same key',
    )
  })
})
