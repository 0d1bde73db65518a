import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { commit } from '@lexcustis/evidence'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKeyring } from './keyring.js'
import { singleEpoch } from './master-keys.js'
import { createDataKey, openContent, sealContent, unwrapKey, wrapKey } from './vault.js'

const place = {
  organizationId: randomUUID(),
  incarnation: randomUUID(),
  sequence: 7n,
  field: 'prompt',
}
const dataKey = createDataKey()

describe('content', () => {
  test('comes back as it was, whatever it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const value = Buffer.from(bytes)
        const sealed = sealContent(dataKey, place, value)
        expect(sealed.commitment).toBe(commit(sealed.salt, value))
        expect(openContent(dataKey, place, sealed)).toEqual(value)
      }),
    )
  })

  test('opens at its own place only', () => {
    const sealed = sealContent(dataKey, place, Buffer.from('x'))
    for (const change of [
      { organizationId: randomUUID() },
      { incarnation: randomUUID() },
      { sequence: 8n },
      { field: 'response' },
    ]) {
      expect(openContent(dataKey, { ...place, ...change }, sealed)).toBeUndefined()
    }
    expect(openContent(createDataKey(), place, sealed)).toBeUndefined()
  })

  test('with any byte changed is not opened', () => {
    const sealed = sealContent(dataKey, place, Buffer.from('attention'))
    const parts = fc.constantFrom('salt' as const, 'nonce' as const, 'ciphertext' as const)
    fc.assert(
      fc.property(parts, fc.nat(), fc.integer({ min: 1, max: 255 }), (part, at, mask) => {
        const bytes = Buffer.from(sealed[part])
        bytes[at % bytes.length]! ^= mask
        expect(openContent(dataKey, place, { ...sealed, [part]: bytes })).toBeUndefined()
      }),
    )
    const truncated = { ...sealed, ciphertext: sealed.ciphertext.subarray(0, 10) }
    expect(openContent(dataKey, place, truncated)).toBeUndefined()
  })

  test('of the same value looks different each time', () => {
    const [a, b] = [1, 2].map(() => sealContent(dataKey, place, Buffer.from('yes')))
    expect(a!.commitment).not.toBe(b!.commitment)
    expect(a!.ciphertext).not.toEqual(b!.ciphertext)
  })
})

describe('wrapped keys', () => {
  test('RFC 3394, section 4.6: the vector for AES-256 and a key of 256 bits', () => {
    const kek = Buffer.from(
      '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',
      'hex',
    )
    const key = Buffer.from(
      '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F',
      'hex',
    )
    const wrapped = wrapKey(createSecretKey(kek), key)
    expect(wrapped.toString('hex').toUpperCase()).toBe(
      '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21',
    )
    expect(unwrapKey(createSecretKey(kek), wrapped)).toEqual(key)
  })

  test('open with the key of their organisation and master only', () => {
    const [org, other] = [randomUUID(), randomUUID()]
    const keyring = createKeyring(singleEpoch(randomBytes(32)))
    const wrapped = wrapKey(keyring.wrappingKey(org, 'mac-1')!, dataKey)
    expect(unwrapKey(keyring.wrappingKey(org, 'mac-1')!, wrapped)).toEqual(dataKey)
    expect(unwrapKey(keyring.wrappingKey(other, 'mac-1')!, wrapped)).toBeUndefined()
    const stranger = createKeyring(singleEpoch(randomBytes(32)))
    expect(unwrapKey(stranger.wrappingKey(org, 'mac-1')!, wrapped)).toBeUndefined()
    expect(keyring.wrappingKey(org, 'mac-2')).toBeUndefined()
    expect(keyring.chainKey(org, other, 'mac-2')).toBeUndefined()
  })
})
