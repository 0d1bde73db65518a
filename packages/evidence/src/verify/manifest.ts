import { decodeUtf8 } from '#platform'
import { isMemberPath } from '../bundle/member-path.js'
import { isSequence } from '../envelope.js'
import { EvidenceError } from '../failure.js'
import { logOrigin } from '../note/checkpoint.js'
import { isTimestamp } from '../timestamp.js'
import { hasKeys, isCount, isObject, isText, readJsonObject } from './json-object.js'
import type { ListedMember } from './member-reader.js'

export const KINDS = ['full', 'range', 'excerpt'] as const
export type Kind = (typeof KINDS)[number]

export const COUNTED = ['records', 'content', 'erasures', 'keys', 'proofs'] as const
export type Counted = (typeof COUNTED)[number]

/** What a bundle says it is (SPEC.md, section 8). */
export interface Manifest {
  readonly kind: Kind
  readonly org: string
  readonly inc: string
  /** `<origin>/<org>/<inc>`: first line of its checkpoints, and name of its keys. */
  readonly logOrigin: string
  /** Of the deployment. */
  readonly origin: string
  readonly treeSize: bigint
  readonly counts: Readonly<Record<Counted, number>>
  readonly members: ReadonlyMap<string, ListedMember>
  /** Sequences [first, end) and times [from, to); only of a range. */
  readonly range: Range | undefined
}

export interface Range {
  readonly first: bigint
  readonly end: bigint
  readonly from: string
  readonly to: string
}

export const MANIFEST = 'manifest.json'
export const MANIFEST_SIGNATURE = 'manifest.sig'

const REQUIRED = [
  'format',
  'version',
  'kind',
  'origin',
  'org',
  'inc',
  'created_at',
  'tree_size',
  'counts',
  'members',
]
const ORIGIN = /^[!-*,-~]{1,200}$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const SHA256 = /^[0-9a-f]{64}$/
/** `created_at` is in no hash but the manifest's own; whole seconds do. */
const CREATED_AT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z$/

/** Throws EvidenceError `manifest_malformed` or `manifest_version`. */
export function readManifest(bytes: Uint8Array): Manifest {
  const text = decodeUtf8(bytes)
  const value = text === undefined ? undefined : readJsonObject(text)
  if (!value) throw malformed('is not a JSON object, or has a key twice')
  if (value['format'] !== 'lexcustis-audit-export' || value['version'] !== 1) {
    throw new EvidenceError(
      'manifest_version',
      'is not of format lexcustis-audit-export, version 1',
    )
  }
  const { kind } = value
  if (!isKind(kind)) throw malformed('kind is not full, range or excerpt')
  const isRange = kind === 'range'
  if (!hasKeys(value, isRange ? [...REQUIRED, 'range', 'period'] : REQUIRED)) {
    throw malformed('a field is missing, or does not exist')
  }
  const log = readLog(value)
  const treeSize = readSize(value['tree_size'])
  return {
    kind,
    ...log,
    treeSize,
    counts: readCounts(value['counts']),
    members: readMembers(value['members']),
    range: isRange ? readRange(value['range'], value['period'], treeSize) : undefined,
  }
}

function readLog(
  value: Record<string, unknown>,
): Pick<Manifest, 'origin' | 'org' | 'inc' | 'logOrigin'> {
  const { origin, org, inc, created_at: createdAt } = value
  if (!isText(origin) || !ORIGIN.test(origin)) throw malformed('origin is not one')
  if (!isText(org) || !UUID.test(org)) throw malformed('org is not a UUID')
  if (!isText(inc) || !UUID.test(inc)) throw malformed('inc is not a UUID')
  const seconds = isText(createdAt) ? CREATED_AT.exec(createdAt)?.[1] : undefined
  if (!isTimestamp(`${seconds}.000000Z`)) throw malformed('created_at is not a time')
  return { origin, org, inc, logOrigin: logOrigin(origin, org, inc) }
}

function readSize(value: unknown): bigint {
  if (!isText(value) || !isSequence(value) || value === '0') {
    throw malformed('tree_size is not a decimal above 0')
  }
  return BigInt(value)
}

function readCounts(value: unknown): Record<Counted, number> {
  const isValid =
    isObject(value) && hasKeys(value, COUNTED) && COUNTED.every((name) => isCount(value[name]))
  if (!isValid) throw malformed('counts are not five numbers')
  return value as Record<Counted, number>
}

function readMembers(value: unknown): Map<string, ListedMember> {
  if (!isObject(value)) throw malformed('members is not an object')
  const members = new Map<string, ListedMember>()
  for (const [path, member] of Object.entries(value)) {
    if (!isMemberPath(path) || path === MANIFEST || path === MANIFEST_SIGNATURE) {
      throw malformed('a member has a name that is not allowed')
    }
    members.set(path, readMember(member))
  }
  return members
}

function readMember(value: unknown): ListedMember {
  if (!isObject(value) || !hasKeys(value, ['sha256', 'bytes'])) {
    throw malformed('a member is not {sha256, bytes}')
  }
  const { sha256, bytes } = value
  if (!isText(sha256) || !SHA256.test(sha256) || !isCount(bytes)) {
    throw malformed('a member is not {sha256, bytes}')
  }
  return { sha256, bytes }
}

function readRange(range: unknown, period: unknown, treeSize: bigint): Range {
  if (!isObject(range) || !hasKeys(range, ['first', 'end'])) throw malformed('range is not one')
  if (!isObject(period) || !hasKeys(period, ['from', 'to'])) throw malformed('period is not one')
  const { first, end } = readBounds(range)
  if (end > treeSize) throw malformed('range goes beyond the tree')
  const { from, to } = period
  if (!isTime(from) || !isTime(to) || from > to) throw malformed('period is not one')
  return { first, end, from, to }
}

function isTime(value: unknown): value is string {
  return isText(value) && isTimestamp(value)
}

function readBounds({ first, end }: Record<string, unknown>): { first: bigint; end: bigint } {
  if (!isText(first) || !isSequence(first) || !isText(end) || !isSequence(end)) {
    throw malformed('range is not two sequences')
  }
  const bounds = { first: BigInt(first), end: BigInt(end) }
  if (bounds.first > bounds.end) throw malformed('range ends before it begins')
  return bounds
}

function isKind(value: unknown): value is Kind {
  return isText(value) && (KINDS as readonly string[]).includes(value)
}

function malformed(detail: string): EvidenceError {
  return new EvidenceError('manifest_malformed', detail)
}
