import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAttrsSchemas } from '../../adapters/ajv-attrs-schemas.js'
import { createDraftReader } from '../draft.js'
import { MAX_LISTED } from './erasing-records.js'
import { countIn, isWithin, readRanges, toRanges, writeRanges } from './ranges.js'
import { recordIdOf } from './record-id.js'

const sequences = fc
  .uniqueArray(fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(0n, 2n ** 63n - 1n)), { maxLength: 60 })
  .map((items) => items.sort((a, b) => (a < b ? -1 : 1)))

describe('ranges', () => {
  test('list what was given, nothing else, and come back as written', () => {
    fc.assert(
      fc.property(sequences, fc.bigInt(0n, 45n), (given, probe) => {
        const ranges = toRanges(given)
        expect(readRanges(writeRanges(ranges))).toEqual(ranges)
        expect(countIn(ranges)).toBe(BigInt(given.length))
        for (const sequence of given) expect(isWithin(ranges, sequence)).toBe(true)
        expect(isWithin(ranges, probe)).toBe(given.includes(probe))
      }),
    )
  })

  test('are as few as possible', () => {
    expect(writeRanges(toRanges([3n, 7n, 8n, 9n, 11n]))).toEqual(['3', '7-9', '11'])
  })

  test.each([
    undefined,
    '3',
    [3],
    ['3-'],
    ['-3'],
    ['9-7'],
    ['1-2-3'],
    ['01'],
    [''],
    ['9223372036854775808'],
  ])('%j are none', (seqs) => {
    expect(readRanges(seqs)).toBeUndefined()
  })
})

test('as many records as one list may have fit into a record, wherever they are', () => {
  const readDraft = createDraftReader(createAttrsSchemas())
  const last = 2n ** 63n - 1n
  const scattered = Array.from({ length: MAX_LISTED }, (_, n) => last - BigInt(2 * n)).reverse()
  const paired = Array.from(
    { length: MAX_LISTED },
    (_, n) => last - BigInt(3 * (n >> 1) + (n & 1)),
  ).reverse()
  for (const worst of [scattered, paired]) {
    const attrs = {
      seqs: writeRanges(toRanges(worst)),
      legal_basis: '\u0001'.repeat(256),
      approved_by: recordIdOf('0199c1d2-0000-7000-8000-000000000001', 1),
      fields: ['prompt', 'response', 'passages', 'originals', 'rationale'],
      inc: '0199c1d2-0000-7000-8000-000000000001',
    }
    const draft = readDraft(
      'o',
      { kind: 'system', via: 'internal' },
      {
        id: recordIdOf('0199c1d2-0000-7000-8000-000000000001', 2),
        type: 'subject.erased',
        occurredAt: '2026-11-23T10:15:30.123456Z',
        ref: '',
        trace: '',
        attrsJson: JSON.stringify(attrs),
        content: [],
      },
    )
    expect(Buffer.byteLength(draft.attrs)).toBeLessThan(63_000)
  }
})

test('ids of records are UUIDv7, the same each time, and different for each record and request', () => {
  const [one, two] = [
    '0199c1d2-0000-7000-8000-000000000001',
    '0199c1d2-0000-7000-8000-000000000002',
  ]
  const ids = [one, two].flatMap((id) => Array.from({ length: 50 }, (_, n) => recordIdOf(id, n)))
  for (const id of ids) {
    expect(id).toMatch(/^0199c1d2-0000-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
  expect(new Set(ids).size).toBe(100)
  expect(recordIdOf(one, 0)).toBe(one)
  expect(recordIdOf(one, 7)).toBe(recordIdOf(one, 7))
})
