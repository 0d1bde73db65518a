import { randomBytes, randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createKeyring } from './keyring.js'
import { createEpoch, type Epoch, nextKid, singleEpoch } from './master-keys.js'

const [org, inc] = [randomUUID(), randomUUID()]
const first = randomBytes(32)
const second = randomBytes(32)

const epochs = (one: Epoch['state'], two: Epoch['state']): readonly Epoch[] => [
  createEpoch('mac-1', first, one),
  createEpoch('mac-2', second, two),
]

describe('a keyring', () => {
  test('seals with the current epoch and still has the keys of the others', () => {
    const before = createKeyring(singleEpoch(first))
    const during = createKeyring(epochs('current', 'verify_only'))
    const after = createKeyring(epochs('verify_only', 'current'))
    expect([before, during, after].map(({ kid }) => kid)).toEqual(['mac-1', 'mac-1', 'mac-2'])
    for (const kid of ['mac-1', 'mac-2']) {
      const chainKey = during.chainKey(org, inc, kid)!.export()
      expect(after.chainKey(org, inc, kid)!.export()).toEqual(chainKey)
      const wrappingKey = during.wrappingKey(org, kid)!.export()
      expect(after.wrappingKey(org, kid)!.export()).toEqual(wrappingKey)
    }
    expect(before.chainKey(org, inc, 'mac-1')!.export()).toEqual(
      after.chainKey(org, inc, 'mac-1')!.export(),
    )
    expect(before.chainKey(org, inc, 'mac-2')).toBeUndefined()
    expect(before.wrappingKey(org, 'mac-2')).toBeUndefined()
  })

  test('derives another key for each purpose, organisation, incarnation and epoch', () => {
    const keyring = createKeyring(epochs('verify_only', 'current'))
    const derived = ['mac-1', 'mac-2'].flatMap((kid) => [
      keyring.chainKey(org, inc, kid),
      keyring.chainKey(org, randomUUID(), kid),
      keyring.chainKey(randomUUID(), inc, kid),
      keyring.wrappingKey(org, kid),
      keyring.wrappingKey(randomUUID(), kid),
    ])
    expect(new Set(derived.map((key) => key!.export().toString('hex'))).size).toBe(10)
  })

  test.each<[string, readonly Epoch[]]>([
    ['no epoch', []],
    ['no current epoch', epochs('verify_only', 'verify_only')],
    ['two current epochs', epochs('current', 'current')],
    ['one name twice', [...singleEpoch(first), createEpoch('mac-1', second, 'verify_only')]],
    ['one key twice', [...singleEpoch(first), createEpoch('mac-2', first, 'verify_only')]],
  ])('is not made of %s', (_, given) => {
    expect(() => createKeyring(given)).toThrow(RangeError)
  })
})

describe('an epoch', () => {
  test('has a key of 32 bytes and a numbered name', () => {
    expect(() => singleEpoch(randomBytes(31))).toThrow('32 bytes')
    expect(() => singleEpoch(randomBytes(33))).toThrow('32 bytes')
    for (const kid of ['mac-0', 'mac-01', 'mac1', 'mac-1 ', 'MAC-1', '', 'mac-1234567890']) {
      expect(() => createEpoch(kid, first, 'current')).toThrow('mac-1')
    }
  })

  test('shows its key to no logger', () => {
    const shown = inspect(singleEpoch(first), { depth: 9 }) + JSON.stringify(singleEpoch(first))
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      expect(shown.toLowerCase()).not.toContain(first.toString(encoding).toLowerCase())
    }
    expect(shown).not.toContain(String(first[0]) + ',' + String(first[1]))
  })

  test('is followed by the one with the next number, whatever the order', () => {
    expect(nextKid([])).toBe('mac-1')
    expect(nextKid(['mac-10', 'mac-9', 'mac-2'])).toBe('mac-11')
  })
})
