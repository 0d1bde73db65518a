import { describe, expect, test } from 'vitest'
import type { Subject, Tail } from './ports.js'
import { type Foreseen, foreseenAfter, isAsForeseen } from './seal-ahead.js'
import type { SealedBatch } from './seal-batch.js'

const INC = '0193a5f0-0000-7000-8000-000000000001'
const OTHER_INC = '0193a5f0-0000-7000-8000-000000000002'
const TIMES = ['2026-11-23T10:15:30.123456Z', '2026-11-23T10:15:30.123457Z'] as const
const KEY = { kid: 'mac-1', bytes: Buffer.alloc(40, 1) }

const head = {
  incarnation: INC,
  sequence: 7n,
  mac: Buffer.alloc(32, 7),
  recordedAt: TIMES[0],
}
const subjects = new Map<string, Subject>([
  ['ann', { pid: 'a1', key: KEY }],
  ['bob', { pid: 'b1', key: undefined }],
])
const foreseen: Foreseen = { head, subjects }
const tail: Tail = { ...head, mac: Buffer.from(head.mac), canonical: Buffer.alloc(0) }

const found = (changes: Partial<Tail>, people: readonly (readonly [string, Subject])[] = []) => ({
  tail: { ...tail, ...changes },
  subjects: new Map([...subjects, ...people]),
})

describe('what was foreseen', () => {
  test('holds where the very record and the same people are there', () => {
    expect(isAsForeseen(foreseen, found({}), ['ann', 'bob', 'somebody new'])).toBe(true)
  })

  test.each<[string, Partial<Tail>]>([
    ['another incarnation', { incarnation: OTHER_INC }],
    ['a record less', { sequence: 6n }],
    ['a record more', { sequence: 8n }],
    ['another record in its place', { mac: Buffer.alloc(32, 8) }],
    ['another time', { recordedAt: TIMES[1] }],
  ])('does not hold for %s', (_, changes) => {
    expect(isAsForeseen(foreseen, found(changes), ['ann'])).toBe(false)
  })

  test('does not hold for an empty log', () => {
    expect(isAsForeseen(foreseen, { tail: undefined, subjects }, [])).toBe(false)
  })

  test.each<[string, string, Subject]>([
    ['another pseudonym', 'ann', { pid: 'a2', key: KEY }],
    ['a key that is gone', 'ann', { pid: 'a1', key: undefined }],
    ['a key of another epoch', 'ann', { pid: 'a1', key: { ...KEY, kid: 'mac-2' } }],
    ['another key', 'ann', { pid: 'a1', key: { ...KEY, bytes: Buffer.alloc(40, 2) } }],
    ['a key that was made in the meantime', 'bob', { pid: 'b1', key: KEY }],
    ['somebody who got a pseudonym in the meantime', 'cleo', { pid: 'c1', key: undefined }],
  ])('does not hold for %s, should the batch name them', (_, id, subject) => {
    const tx = found({}, [[id, subject]])
    expect(isAsForeseen(foreseen, tx, [id])).toBe(false)
    expect(isAsForeseen(foreseen, tx, ['somebody else'])).toBe(true)
  })

  test('does not hold for somebody whose pseudonym was deleted', () => {
    const tx = { tail, subjects: new Map<string, Subject>() }
    expect(isAsForeseen(foreseen, tx, ['ann'])).toBe(false)
  })
})

describe('of a batch on its way', () => {
  const sealed = (changes: Partial<SealedBatch>): SealedBatch => ({
    incarnation: head.incarnation,
    rows: [],
    records: [],
    contents: [],
    newSubjects: [],
    newKeys: [],
    ...changes,
  })
  const row = {
    ...tail,
    leaf: Buffer.alloc(32),
    projection: {
      id: '',
      type: '',
      ref: undefined,
      occurredAt: '',
      recordedAt: TIMES[0],
      endsBy: undefined,
    },
  }

  test('its last record, and people and keys that it makes, are foreseen', () => {
    const batch = sealed({
      rows: [{ ...row, sequence: 6n }, row],
      newSubjects: [{ subjectId: 'cleo', pid: 'c1' }],
      newKeys: [
        { pid: 'b1', key: KEY },
        { pid: 'c1', key: KEY },
      ],
    })
    const after = foreseenAfter(batch, subjects)
    expect(after?.head).toEqual(head)
    expect(Object.fromEntries(after?.subjects ?? [])).toEqual({
      ann: { pid: 'a1', key: KEY },
      bob: { pid: 'b1', key: KEY },
      cleo: { pid: 'c1', key: KEY },
    })
  })

  test('nothing is, when it is empty', () => {
    expect(foreseenAfter(sealed({}), subjects)).toBeUndefined()
  })
})
