import { describe, expect, test } from 'vitest'
import { type Envelope, isSequence, readEnvelope } from './envelope.js'

const id = '0199c1d2-7a00-7000-8000-000000000001'
const valid: Envelope = {
  v: 1,
  org: '00000000-0000-8000-8000-000000000000',
  inc: id,
  seq: '0',
  id,
  type: 'chat.completed',
  occurred_at: '2026-11-23T10:15:30.123456Z',
  recorded_at: '2026-11-23T10:15:30.123456Z',
  actor: { kind: 'user', pid: 'x', role: 'member', via: 'jwt' },
  ref: id,
  trace: 'ab'.repeat(16),
  attrs: {},
  commitments: { prompt: `${'A'.repeat(43)}=` },
  kid: 'mac-1',
}

test('every field in its required form is taken', () => {
  expect(readEnvelope(valid)).toEqual(valid)
  const { ref: _ref, trace: _trace, commitments: _commitments, ...least } = valid
  expect(readEnvelope({ ...least, actor: { kind: 'system' } }).actor).toEqual({ kind: 'system' })
})

describe('refuses', () => {
  test.each([
    'v',
    'org',
    'inc',
    'seq',
    'id',
    'type',
    'occurred_at',
    'recorded_at',
    'actor',
    'attrs',
    'kid',
  ])('a record without %s', (field) => {
    expect(() => readEnvelope({ ...valid, [field]: undefined })).toThrow(`is missing at /${field}`)
  })

  test.each<[string, Record<string, unknown>]>([
    ['/v', { v: 2 }],
    ['/v', { v: '1' }],
    ['/org', { org: id.toUpperCase() }],
    ['/inc', { inc: 'x' }],
    ['/seq', { seq: 0 }],
    ['/seq', { seq: '01' }],
    ['/seq', { seq: '9223372036854775808' }],
    ['/id', { id: '00000000-0000-4000-8000-000000000000' }],
    ['/type', { type: 'chat.finished' }],
    ['/occurred_at', { occurred_at: '2026-11-23T10:15:30Z' }],
    ['/recorded_at', { recorded_at: '2026-11-31T10:15:30.123456Z' }],
    ['/actor', { actor: [] }],
    ['/actor/kind', { actor: {} }],
    ['/actor/kind', { actor: { kind: 'robot' } }],
    ['/actor/pid', { actor: { kind: 'user', pid: '' } }],
    ['/actor/via', { actor: { kind: 'user', via: 'fax' } }],
    ['/actor', { actor: { kind: 'user', name: 'Ada' } }],
    ['/ref', { ref: 'x' }],
    ['/trace', { trace: 'AB'.repeat(16) }],
    ['/attrs', { attrs: [] }],
    ['/commitments', { commitments: {} }],
    ['/commitments', { commitments: { note: `${'A'.repeat(43)}=` } }],
    ['/commitments/prompt', { commitments: { prompt: `${'A'.repeat(42)}B=` } }],
    ['/commitments/prompt', { commitments: { prompt: 'A'.repeat(43) } }],
    ['/kid', { kid: 'mac/1' }],
    ['', { other: 1 }],
  ])('%s in %j', (pointer, change) => {
    expect(() => readEnvelope({ ...valid, ...change })).toThrow(
      expect.objectContaining({ code: 'envelope_schema', pointer }),
    )
  })

  test.each([undefined, null, 'x', 1, []])('%j instead of an object', (value) => {
    expect(() => readEnvelope(value)).toThrow('is not an object')
  })
})

test('a sequence is decimal, without leading zeros, below 2^63', () => {
  for (const text of ['0', '1', '1048576', '9223372036854775807'])
    expect(isSequence(text)).toBe(true)
  for (const text of ['', '-1', '00', '1.0', '9223372036854775808', '10000000000000000000']) {
    expect(isSequence(text)).toBe(false)
  }
})
