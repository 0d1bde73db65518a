import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecordMac, uuidBytes } from './chain.js'

const ORG = '11111111-1111-4111-8111-111111111111'
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })

test('the MAC of a record is the HMAC-SHA-256 of the platform, for any key and any bytes', () => {
  fc.assert(
    fc.property(
      bytes(1, 64),
      fc.array(fc.tuple(fc.bigInt(0n, 2n ** 63n - 1n), bytes(0, 70), bytes(0, 70))),
      (key, records) => {
        const secret = createSecretKey(key)
        const mac = createRecordMac(secret, ORG)
        for (const [sequence, previous, leaf] of records) {
          const place = Buffer.alloc(8)
          place.writeBigUInt64BE(sequence)
          const message = [Buffer.from('lexcustis/audit-mac/v1\0'), uuidBytes(ORG), place]
          const expected = createHmac('sha256', secret)
            .update(Buffer.concat([...message, previous, leaf]))
            .digest()
          expect(mac(sequence, previous, leaf)).toEqual(expected)
        }
      },
    ),
  )
})

test('a key longer than a block is refused, not used wrongly', () => {
  expect(() => createRecordMac(createSecretKey(Buffer.alloc(65, 1)), ORG)).toThrow(RangeError)
})
