import { AppError, mib, uuidv7 } from '@lexcustis/core'
import { describe, expect, test } from 'vitest'
import { createAttrsSchemas } from '../adapters/ajv-attrs-schemas.js'
import { type AppendInput, createDraftReader, type DraftActor } from './draft.js'

const read = createDraftReader(createAttrsSchemas())
const org = uuidv7()
const person: DraftActor = { kind: 'user', via: 'jwt', role: 'member', subjectId: 'somebody' }
const aborted = { outcome: 'timeout', tokens_out: 1, total_ms: 2 }
const blocked = { outcome: 'blocked', stage: 'input', reasons: [], rules: [] }

const input: AppendInput = {
  id: uuidv7(),
  type: 'document.ingested',
  occurredAt: '2026-11-23T10:15:30.123456Z',
  ref: '',
  trace: '',
  attrsJson: '{"document":"d1"}',
  content: [],
}

function refusal(change: Partial<AppendInput>, actor = person): AppError {
  try {
    read(org, actor, { ...input, ...change })
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('was not refused')
}

test('reads a request into canonical attributes, and empty texts into absent fields', () => {
  const attrsJson = ' { "media_type" : "\\u00e9", "document" : "d1" } '
  const draft = read(org, person, { ...input, attrsJson })
  expect(draft).toMatchObject({ attrs: '{"document":"d1","media_type":"é"}', actor: person })
  expect(draft.ref).toBeUndefined()
  expect(draft.trace).toBeUndefined()
})

test('knows when the end of a chat is due, and how it ended', () => {
  const end = { type: 'chat.aborted', ref: uuidv7(), attrsJson: JSON.stringify(aborted) }
  expect(read(org, person, { ...input, ...end })).toMatchObject({
    outcome: 'timeout',
    ref: end.ref,
  })
})

describe('INVALID_INPUT says what to change', () => {
  test.each<[string, Partial<AppendInput>]>([
    ['id is not a UUIDv7', { id: '' }],
    ['id is not a UUIDv7', { id: '0199C1D2-0000-7000-8000-000000000001' }],
    ['id is not a UUIDv7', { id: '0199c1d2-0000-4000-8000-000000000001' }],
    ['type is not a known type', { type: '' }],
    ['type is not a known type', { type: 'chat.finished' }],
    ['type is not a known type', { type: '__proto__' }],
    ['occurred_at is not a time', { occurredAt: '2026-11-23T10:15:30Z' }],
    ['occurred_at is not a time', { occurredAt: '2026-02-29T10:15:30.123456Z' }],
    ['ref is not a UUIDv7', { ref: 'x' }],
    ['trace is not 32 hex digits', { trace: 'AB'.repeat(16) }],
    ['attrs_json is not valid JSON', { attrsJson: '' }],
    ['attrs_json lacks a }', { attrsJson: '{"document":"d1"' }],
    ['attrs_json has text after its end', { attrsJson: '{"document":"d1"}{}' }],
    ['attrs_json must be object', { attrsJson: '[]' }],
    ['attrs_json is there twice at /document', { attrsJson: '{"document":"d1","document":"d1"}' }],
    ['attrs_json the key __proto__ is not allowed', { attrsJson: '{"__proto__":1}' }],
    ['attrs_json null is not allowed at /document', { attrsJson: '{"document":null}' }],
    ['attrs_json contains U+0000 at /document', { attrsJson: '{"document":"\\u0000"}' }],
    ['attrs_json contains half', { attrsJson: '{"document":"\\ud83d"}' }],
    [
      'attrs_json is not a plain integer at /version',
      { attrsJson: '{"document":"d","version":1.0}' },
    ],
    [
      'attrs_json is an integer beyond',
      { attrsJson: '{"document":"d","version":9007199254740993}' },
    ],
    ['attrs_json is nested deeper', { attrsJson: `{"a":${'['.repeat(16)}${']'.repeat(16)}}` }],
    ['attrs_json is larger than', { attrsJson: '1'.repeat(mib(1)) }],
    ['attrs_json must have required property', { attrsJson: '{}' }],
    ['(note)', { attrsJson: '{"document":"d1","note":"x"}' }],
    ['at /version', { attrsJson: '{"document":"d1","version":"2"}' }],
    ['must name the chat.started', { type: 'chat.aborted', attrsJson: JSON.stringify(aborted) }],
    [
      'must be empty for stage',
      { type: 'chat.blocked', ref: uuidv7(), attrsJson: JSON.stringify(blocked) },
    ],
    [
      'must name the chat.started',
      { type: 'chat.blocked', attrsJson: JSON.stringify({ ...blocked, stage: 'output' }) },
    ],
    [
      'at /outcome',
      {
        type: 'chat.aborted',
        ref: uuidv7(),
        attrsJson: JSON.stringify({ ...aborted, outcome: 'completed' }),
      },
    ],
    ['content has a field besides', { content: [{ field: undefined, value: '' }] }],
    [
      'content has prompt twice',
      {
        content: [
          { field: 'prompt', value: '' },
          { field: 'prompt', value: '' },
        ],
      },
    ],
    ['content prompt has half', { content: [{ field: 'prompt', value: '\ud83d' }] }],
  ])('%s', (message, change) => {
    const error = refusal(change)
    expect(error.reason).toBe('INVALID_INPUT')
    expect(error.message).toContain(message)
  })

  test.each(['', 'x'.repeat(256), 'a\0b'])('the subject of the token', (subjectId) => {
    expect(refusal({}, { ...person, subjectId }).reason).toBe('INVALID_INPUT')
  })

  test('without a word of what was sent', () => {
    const attrsJson = '{"document":"my secret","Geheimes Wort":"my secret","version":"my secret"}'
    expect(refusal({ attrsJson }).message).not.toMatch(/secret|Geheim/)
  })
})

test('content beyond 4 MiB is too large', () => {
  const content = [{ field: 'prompt' as const, value: 'é'.repeat(mib(2) + 1) }]
  expect(refusal({ content }).reason).toBe('PAYLOAD_TOO_LARGE')
})

test('hostile text of a megabyte is refused at once, not parsed', () => {
  for (const text of ['['.repeat(mib(1)), '"'.repeat(mib(1)), '{"a":'.repeat(mib(1) / 4)]) {
    expect(refusal({ attrsJson: text }).message).toContain('is larger than')
  }
})
