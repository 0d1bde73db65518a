import { assertCanonicalSize, canonicalText, type JsonObject } from './canonical.js'
import { EvidenceError, within } from './failure.js'
import {
  COMMITTED_FIELDS,
  type CommittedField,
  isRecordType,
  type RecordType,
} from './record-types.js'
import { isTimestamp } from './timestamp.js'

export const ACTOR_KINDS = ['user', 'api_key', 'operator', 'service', 'system'] as const
export const ACTOR_VIAS = ['jwt', 'api_key', 'oidc', 'internal'] as const

export interface Actor {
  readonly kind: (typeof ACTOR_KINDS)[number]
  /** Random pseudonym of a person; the mapping can be deleted. */
  readonly pid?: string
  readonly role?: string
  readonly via?: (typeof ACTOR_VIAS)[number]
}

export type Commitments = { readonly [F in CommittedField]?: string }

/** One record as the bytes say it (SPEC.md, section 2). */
export interface Envelope {
  readonly v: 1
  readonly org: string
  readonly inc: string
  /** Decimal, 0 ≤ seq < 2^63. */
  readonly seq: string
  readonly id: string
  readonly type: RecordType
  readonly occurred_at: string
  readonly recorded_at: string
  readonly actor: Actor
  readonly ref?: string
  readonly trace?: string
  readonly attrs: JsonObject
  readonly commitments?: Commitments
  readonly kid: string
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const SEQUENCE = /^(?:0|[1-9]\d{0,18})$/
const MAX_SEQUENCE = String(2n ** 63n - 1n)
const TRACE = /^[0-9a-f]{32}$/
/** 32 bytes: the last character before the padding has two unused bits, which are zero. */
const COMMITMENT = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/
const KID = /^[A-Za-z0-9._-]{1,64}$/
const LABEL = /^[!-~]{1,128}$/

type Check = (value: unknown) => boolean
const matching =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value)
const timestamp: Check = (value) => typeof value === 'string' && isTimestamp(value)

/** Field → what it must be, and whether a record may lack it. */
type Shape = Readonly<Record<string, { readonly check: Check; readonly optional?: true }>>

const ACTOR: Shape = {
  kind: { check: oneOf(ACTOR_KINDS) },
  pid: { check: matching(LABEL), optional: true },
  role: { check: matching(LABEL), optional: true },
  via: { check: oneOf(ACTOR_VIAS), optional: true },
}

const COMMITMENTS: Shape = Object.fromEntries(
  COMMITTED_FIELDS.map((field) => [field, { check: matching(COMMITMENT), optional: true }]),
)

const ENVELOPE: Shape = {
  v: { check: (value) => value === 1 },
  org: { check: matching(UUID) },
  inc: { check: matching(UUID) },
  seq: { check: (value) => typeof value === 'string' && isSequence(value) },
  id: { check: matching(UUID_V7) },
  type: { check: (value) => typeof value === 'string' && isRecordType(value) },
  occurred_at: { check: timestamp },
  recorded_at: { check: timestamp },
  actor: { check: isObject },
  ref: { check: matching(UUID_V7), optional: true },
  trace: { check: matching(TRACE), optional: true },
  attrs: { check: isObject },
  commitments: { check: isObject, optional: true },
  kid: { check: matching(KID) },
}

/** Throws EvidenceError `envelope_schema`. Attributes are checked against their schema elsewhere. */
export function readEnvelope(value: unknown): Envelope {
  const fields = readShape(value, ENVELOPE)
  within('actor', () => readShape(fields['actor'], ACTOR))
  const { commitments } = fields
  if (commitments !== undefined) within('commitments', () => readCommitments(commitments))
  return value as Envelope
}

function readCommitments(value: unknown): void {
  const fields = readShape(value, COMMITMENTS)
  if (Object.keys(fields).length === 0) throw broken('is empty; it should be absent')
}

function readShape(value: unknown, shape: Shape): Record<string, unknown> {
  if (!isObject(value)) throw broken('is not an object')
  let found = 0
  for (const name in shape) {
    const field = value[name]
    if (field === undefined) {
      if (!shape[name]?.optional) throw broken('is missing').under(name)
    } else {
      found += 1
      if (!shape[name]?.check(field)) throw broken('is not in the required form').under(name)
    }
  }
  if (Object.keys(value).length !== found) throw broken('has a field that does not exist')
  return value
}

function broken(detail: string): EvidenceError {
  return new EvidenceError('envelope_schema', detail)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Decimal without leading zeros, 0 to 2^63-1. */
export function isSequence(text: string): boolean {
  if (!SEQUENCE.test(text)) return false
  return text.length < MAX_SEQUENCE.length || text <= MAX_SEQUENCE
}

/** All of an envelope but its attributes; what is undefined is absent. */
export type UnsealedEnvelope = Omit<Envelope, 'attrs' | 'v' | 'ref' | 'trace' | 'commitments'> & {
  readonly [Field in 'ref' | 'trace' | 'commitments']?: Envelope[Field] | undefined
}

/**
 * Canonical bytes of an envelope whose attributes are canonical text already (`canonicalText`): a
 * writer prepares the large part before it knows the place in the chain. Equal to
 * `canonicalize(envelope)`; all fields but `attrs` must have their required form.
 */
export function envelopeBytes(envelope: UnsealedEnvelope, attrs: string): Buffer {
  const { actor, commitments, id, inc, kid, ref, seq, trace, type } = envelope
  const bytes = Buffer.from(
    `{"actor":${canonicalText(actor)},"attrs":${attrs},` +
      (commitments ? `"commitments":${canonicalText(commitments)},` : '') +
      `"id":"${id}","inc":"${inc}","kid":"${kid}","occurred_at":"${envelope.occurred_at}",` +
      `"org":"${envelope.org}","recorded_at":"${envelope.recorded_at}",` +
      (ref === undefined ? '' : `"ref":"${ref}",`) +
      `"seq":"${seq}",` +
      (trace === undefined ? '' : `"trace":"${trace}",`) +
      `"type":"${type}","v":1}`,
  )
  assertCanonicalSize(bytes.length)
  return bytes
}
