import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AesKeySealer } from './aes-key-sealer.js'

const PURPOSE = {
  organizationId: '018f0000-0000-7000-8000-000000000001',
  kind: 'openai-compatible',
  baseUrl: 'https://api.example.com/v1',
} as const
const sealer = new AesKeySealer(randomBytes(32))
const FIRST_VERSION_SEALED = Buffer.from(
  'AW429uHpXvvWG2Xu3tdO4kfy/+j74A+vEDkG3n3SWMdlb/87l38JaW5RKTpOv2Tdfdm7M+8oNpt17v1NjJeFROjHu7M1dKcxQE17D4yEJgHVTM5Q1NmZuddQ3VhG9Hxohi4=',
  'base64',
)

describe('a sealed API key', () => {
  test('opens for what it was sealed for, and looks different every time', () => {
    const sealed = sealer.seal('sk-secret', PURPOSE)
    expect(sealer.open(sealed, PURPOSE)).toBe('sk-secret')
    expect(sealed.includes('sk-secret')).toBe(false)
    expect(sealer.seal('sk-secret', PURPOSE).equals(sealed)).toBe(false)
  })

  test.each([
    { ...PURPOSE, organizationId: '018f0000-0000-7000-8000-000000000002' },
    { ...PURPOSE, kind: 'openai' as const },
    { ...PURPOSE, baseUrl: 'https://elsewhere.example.com/v1' },
  ])('does not open for another purpose', (purpose) => {
    const sealed = sealer.seal('sk-secret', PURPOSE)
    expect(() => sealer.open(sealed, purpose)).toThrow(/cannot be opened/)
  })

  test('does not open under another sealing key', () => {
    const sealed = sealer.seal('sk-secret', PURPOSE)
    expect(() => new AesKeySealer(randomBytes(32)).open(sealed, PURPOSE)).toThrow()
  })

  test('does not open with any bit changed, or cut anywhere', () => {
    const sealed = sealer.seal('sk-secret', PURPOSE)
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const changed = Buffer.from(sealed)
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        expect(() => sealer.open(changed, PURPOSE)).toThrow(/cannot be opened/)
      }),
    )
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => sealer.open(sealed.subarray(0, length), PURPOSE)).toThrow(/cannot be opened/)
    }
  })
})

describe('a new sealing key', () => {
  const [before, after] = [randomBytes(32), randomBytes(32)]
  const both = new AesKeySealer(after, [before])

  test('opens what the one before sealed, and seals it anew without a change of the key', () => {
    const sealed = new AesKeySealer(before).seal('sk-secret', PURPOSE)
    expect(both.open(sealed, PURPOSE)).toBe('sk-secret')
    const again = both.rewrap(sealed, PURPOSE)
    if (!again) throw new Error('was taken for current')
    expect(again.subarray(0, both.head.length).equals(both.head)).toBe(true)
    expect(both.rewrap(again, PURPOSE)).toBeUndefined()
    expect(new AesKeySealer(after).open(again, PURPOSE)).toBe('sk-secret')
    expect(() => new AesKeySealer(before).open(again, PURPOSE)).toThrow(/cannot be opened/)
  })

  test('seals nothing anew for another purpose', () => {
    const sealed = new AesKeySealer(before).seal('sk-secret', PURPOSE)
    const other = { ...PURPOSE, baseUrl: 'https://elsewhere.example.com/v1' }
    expect(() => both.rewrap(sealed, other)).toThrow(/cannot be opened/)
  })
})

test('what the first version sealed still opens', () => {
  // Of a sealing key of 32 zeros; made by the version before ids of sealing keys.
  const sealed = FIRST_VERSION_SEALED
  const zeros = Buffer.alloc(32)
  expect(new AesKeySealer(zeros).open(sealed, PURPOSE)).toBe('sk-secret')
  expect(new AesKeySealer(randomBytes(32), [zeros]).open(sealed, PURPOSE)).toBe('sk-secret')
})
