import {
  type ActorKind,
  type ActorVia,
  AppError,
  isUuidV7,
  kib,
  mib,
  type Role,
  type TenantContext,
} from '@lexcustis/core'
import {
  canonicalizeJson,
  COMMITTED_FIELDS,
  type CommittedField,
  EvidenceError,
  isRecordType,
  isTimestamp,
  type JsonObject,
  type JsonValue,
  MAX_CANONICAL_BYTES,
  type RecordType,
} from '@lexcustis/evidence'
import type { AttrsSchemas } from './ports.js'

/** Whoever does what is recorded. */
export interface DraftActor {
  readonly kind: ActorKind
  readonly via: ActorVia
  readonly role?: Role
  /** The person or key; the record gets a pseudonym instead. Absent for this service itself. */
  readonly subjectId?: string
}

export interface DraftContent {
  readonly field: CommittedField
  /** UTF-8, as given. */
  readonly value: Buffer
}

/** A record that satisfies every rule and has no place in the chain yet. */
export interface Draft {
  readonly organizationId: string
  readonly id: string
  readonly type: RecordType
  readonly occurredAt: string
  readonly ref: string | undefined
  readonly trace: string | undefined
  /** Canonical text. */
  readonly attrs: string
  /** Of a chat.started. */
  readonly endsBy: string | undefined
  /** Of the end of a chat. */
  readonly outcome: string | undefined
  readonly actor: DraftActor
  readonly content: readonly DraftContent[]
  /** What it takes in memory and in a batch, roughly. */
  readonly sizeBytes: number
}

/** What a caller asks to append; empty texts mean absent. */
export interface AppendInput {
  readonly id: string
  readonly type: string
  readonly occurredAt: string
  readonly ref: string
  readonly trace: string
  readonly attrsJson: string
  readonly content: readonly {
    readonly field: CommittedField | undefined
    readonly value: string
  }[]
}

export type DraftReader = (organizationId: string, actor: DraftActor, input: AppendInput) => Draft

const TRACE = /^[0-9a-f]{32}$/
const MAX_CONTENT_BYTES = mib(4)
const MAX_SUBJECT_LENGTH = 255
/** Everything of an envelope but its attributes, at its largest. */
const MAX_FRAME_BYTES = kib(2)
const ENDS: ReadonlySet<string> = new Set(['chat.completed', 'chat.blocked', 'chat.aborted'])

/** Whether a record of this type ends the chat it refers to. */
export function isEnd(type: RecordType): boolean {
  return ENDS.has(type)
}

/** The system's own acts carry no person. */
export const SYSTEM: DraftActor = { kind: 'system', via: 'internal' }

export function actorOf({ kind, via, userRole, userId }: TenantContext): DraftActor {
  return { kind, via, role: userRole, subjectId: userId }
}

/**
 * Reads a request into a draft. Refuses what breaks a rule and repairs nothing: INVALID_INPUT, or
 * PAYLOAD_TOO_LARGE for content. Messages name places, never values.
 */
export function createDraftReader(schemas: AttrsSchemas): DraftReader {
  return (organizationId, actor, input) => {
    assertIds(input)
    assertActor(actor)
    if (!isRecordType(input.type)) throw invalid('type', 'is not a known type of record')
    const { attrs, text } = readAttrs(schemas, input.type, input.attrsJson)
    const ref = input.ref === '' ? undefined : input.ref
    assertRef(input.type, ref, attrs)
    const content = readContent(input.content)
    const contentBytes = content.reduce((sum, { value }) => sum + value.length, 0)
    if (contentBytes > MAX_CONTENT_BYTES) {
      throw new AppError('PAYLOAD_TOO_LARGE', `content is larger than ${MAX_CONTENT_BYTES} bytes`)
    }
    return {
      organizationId,
      id: input.id,
      type: input.type,
      occurredAt: input.occurredAt,
      ref,
      trace: input.trace === '' ? undefined : input.trace,
      attrs: text,
      endsBy: input.type === 'chat.started' ? asText(attrs['ends_by']) : undefined,
      outcome: isEnd(input.type) ? asText(attrs['outcome']) : undefined,
      actor,
      content,
      sizeBytes: text.length + contentBytes + MAX_FRAME_BYTES,
    }
  }
}

function assertIds({ id, occurredAt, ref, trace }: AppendInput): void {
  if (!isUuidV7(id)) throw invalid('id', 'is not a UUIDv7 in lower case')
  if (!isTimestamp(occurredAt)) {
    throw invalid('occurred_at', 'is not a time like 2026-11-23T10:15:30.123456Z')
  }
  if (ref !== '' && !isUuidV7(ref)) throw invalid('ref', 'is not a UUIDv7 in lower case')
  if (trace !== '' && !TRACE.test(trace))
    throw invalid('trace', 'is not 32 hex digits in lower case')
}

function assertActor({ subjectId }: DraftActor): void {
  if (subjectId === undefined) return
  if (subjectId === '' || subjectId.length > MAX_SUBJECT_LENGTH || subjectId.includes('\0')) {
    throw invalid('the subject of the tenant token', 'is empty, too long or not a text')
  }
}

function readAttrs(
  schemas: AttrsSchemas,
  type: RecordType,
  json: string,
): { readonly attrs: JsonObject; readonly text: string } {
  const limit = MAX_CANONICAL_BYTES - MAX_FRAME_BYTES
  if (json.length > MAX_CANONICAL_BYTES)
    throw invalid('attrs_json', `is larger than ${limit} bytes`)
  const { value: attrs, canonical: text } = strict(json)
  const problem = schemas.check(type, attrs)
  if (problem !== undefined) throw invalid('attrs_json', problem)
  if (Buffer.byteLength(text) > limit) throw invalid('attrs_json', `is larger than ${limit} bytes`)
  return { attrs: attrs as JsonObject, text }
}

function strict(json: string): ReturnType<typeof canonicalizeJson> {
  try {
    return canonicalizeJson(json)
  } catch (error) {
    if (error instanceof EvidenceError) throw invalid('attrs_json', error.message)
    throw error
  }
}

function assertRef(type: RecordType, ref: string | undefined, attrs: JsonObject): void {
  // Blocked at the input, a chat never started: there is nothing to refer to.
  const isRefused = type === 'chat.blocked' && attrs['stage'] === 'input'
  if (isRefused && ref !== undefined) throw invalid('ref', 'must be empty for stage "input"')
  if (isEnd(type) && !isRefused && ref === undefined) {
    throw invalid('ref', `must name the chat.started that this ${type} ends`)
  }
}

function readContent(items: AppendInput['content']): DraftContent[] {
  const seen = new Set<CommittedField>()
  return items.map(({ field, value }) => {
    if (field === undefined)
      throw invalid('content', `has a field besides ${COMMITTED_FIELDS.join(', ')}`)
    if (seen.has(field)) throw invalid('content', `has ${field} twice`)
    seen.add(field)
    if (/\p{Surrogate}/u.test(value))
      throw invalid(`content ${field}`, 'has half of a surrogate pair')
    return { field, value: Buffer.from(value) }
  })
}

function asText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function invalid(what: string, problem: string): AppError {
  return new AppError('INVALID_INPUT', `${what} ${problem}`)
}
