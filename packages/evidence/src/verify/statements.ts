import type { FailureCode } from '../failure.js'
import type { VerifierKey } from '../note/vkey.js'
import type { Findings } from './findings.js'
import type { Manifest } from './manifest.js'
import type { Earlier } from './previous.js'
import type { Report } from './report.js'

/** What was seen while verifying, from which the sentences of a report follow. */
export interface Seen {
  readonly manifest: Manifest
  readonly findings: Findings
  readonly signedBy: readonly VerifierKey[]
  /** Signature lines by keys that were not given. */
  readonly unknownSignatures: number
  readonly content: { readonly matched: number; readonly withheld: number; readonly erased: number }
  readonly erasures: number
  readonly earlier: Earlier
  readonly openChats: number
  readonly isEndShown: boolean
  readonly areIdsComplete: boolean
  /** Members that are listed and that this format says nothing about. */
  readonly otherMembers: number
}

type Sentences = Pick<Report, 'holds' | 'not_checked' | 'notes'>

/** What can be said when nothing could be read. */
export const NOTHING_CHECKED: Sentences = {
  holds: [],
  not_checked: ['Nothing was checked: verification could not start.'],
  notes: [],
}

export function sentencesOf(seen: Seen): Sentences {
  return { holds: holds(seen), not_checked: notChecked(seen), notes: notes(seen) }
}

/** Failures that take away more than the one thing they are about. */
const OF_RECORDS: readonly FailureCode[] = [
  'empty',
  'counts',
  'record_count',
  'record_malformed',
  'record_order',
  'canonical_form',
  'canonical_malformed',
  'canonical_too_large',
  'envelope_schema',
  'wrong_org',
  'wrong_incarnation',
  'seq_gap',
  'seq_duplicate',
  'seq_mismatch',
  'seq_beyond_tree',
  'id_duplicate',
  'clock_backwards',
  'genesis',
  'root_mismatch',
  'inclusion',
  'proof_missing',
  'proof_malformed',
  'range_proof',
  'member_malformed',
]
const OF_CHECKPOINT: readonly FailureCode[] = [
  'checkpoint_malformed',
  'checkpoint_signature',
  'manifest_mismatch',
  'key_unannounced',
  'key_retired',
]
const OF_MEMBERS: readonly FailureCode[] = [
  'member_hash',
  'member_missing',
  'member_unlisted',
  'member_unreadable',
]
const OF_CONTENT: readonly FailureCode[] = [
  'commitment',
  'content_missing',
  'content_unknown',
  'content_malformed',
  'content_duplicate',
  'erasure_order',
  'erasure_unproven',
  'erasure_mismatch',
  'erasure_malformed',
  'erasure_not_executed',
]
const OF_HISTORY: readonly FailureCode[] = [
  'consistency',
  'consistency_missing',
  'consistency_malformed',
  'previous_malformed',
  'previous_newer',
  'previous_differs',
  'previous_origin',
]

function holds(seen: Seen): string[] {
  const { manifest, findings, signedBy, content, earlier } = seen
  const isFree = (...groups: (readonly FailureCode[])[]): boolean => !findings.has(groups.flat())
  const found: string[] = []
  if (isFree(['manifest_signature', 'manifest_signature_missing'], OF_MEMBERS)) {
    const ids = signedBy.map(({ id }) => id).join(', ')
    found.push(
      `The manifest is signed by a given key (${ids}), and every member is the one it lists.`,
    )
  }
  if (isFree(OF_CHECKPOINT, OF_MEMBERS)) {
    found.push(`The checkpoint of ${manifest.treeSize} records is signed by a given key.`)
    if (isFree(OF_RECORDS)) found.push(...recordsHold(seen, isFree(['period', 'period_boundary'])))
  }
  if (isFree(OF_MEMBERS, OF_RECORDS, OF_CONTENT)) {
    found.push(
      `${count(content.matched, 'value')} of content ${content.matched === 1 ? 'is' : 'are'} what the records committed to.`,
    )
    if (content.erased > 0) {
      found.push(`${count(content.erased, 'field')} erased, each authorised by a later record.`)
    }
  }
  const before = earlier.given ?? earlier.enclosed
  if (before && isFree(OF_CHECKPOINT, OF_MEMBERS, OF_RECORDS, OF_HISTORY)) {
    found.push(`The log continues the earlier checkpoint of ${before.size} records.`)
  }
  return found
}

function recordsHold({ manifest, isEndShown }: Seen, isPeriodRight: boolean): string[] {
  const { kind, range, counts, treeSize } = manifest
  if (kind === 'full') {
    return [
      `All ${treeSize} records of the checkpoint are here, unchanged, in order, without a gap.`,
    ]
  }
  if (kind === 'excerpt') {
    return [`Each of the ${counts.records} records is in the log of the checkpoint, unchanged.`]
  }
  if (!range) return []
  const { first, end, from, to } = range
  const sequences =
    first === end
      ? `The range is empty: nothing lies between its boundary records.`
      : `Records ${first} to ${end - 1n} are here, unchanged, in order, without a gap.`
  const whole = `They are all records from ${from} until before ${to}.`
  return isPeriodRight && isEndShown ? [sequences, whole] : [sequences]
}

function notChecked(seen: Seen): string[] {
  const { manifest, content, earlier } = seen
  const list = [
    'The MAC of each record: that needs the master key, which never leaves the audit service.',
    'Anything after the checkpoint.',
    'Whether somebody else was shown another log: that takes a witness or an earlier checkpoint.',
    'Whether what was recorded is true, and whether everything that happened was recorded.',
    'The attributes of records against their schemas.',
    'Other incarnations of this log: a bundle covers one.',
  ]
  if (manifest.kind === 'excerpt') {
    list.push(
      'Whether other records matter: an excerpt only shows that its records are in the log.',
    )
  }
  if (manifest.kind === 'range') list.push(...rangeNotChecked(seen))
  if (manifest.kind !== 'full') {
    list.push('Keys that were announced or retired by records that are not in the bundle.')
  }
  if (!earlier.given) {
    list.push('Whether the log continues what an earlier verification saw: none was given.')
  }
  if (content.withheld > 0) {
    list.push(`${count(content.withheld, 'field')} withheld by the exporter.`)
  }
  list.push(
    `${count(content.erased, 'field')} erased, ${count(seen.erasures, 'erasure')} in the bundle: what was erased, who approved it, and whether backups of it are gone.`,
  )
  if (!seen.areIdsComplete) list.push('Whether ids are unique: there are too many to remember.')
  if (seen.otherMembers > 0) {
    list.push(
      `What ${count(seen.otherMembers, 'further member')} of the bundle say: only that nobody changed them.`,
    )
  }
  return list
}

function rangeNotChecked({ manifest: { range, treeSize }, isEndShown }: Seen): string[] {
  const list = ['Anything outside the range.']
  if (range && !isEndShown && range.end === treeSize) {
    list.push(
      'Whether these are all records of the period: the log ends before the period can be shown to.',
    )
  }
  return list
}

function notes({ findings, manifest, openChats, unknownSignatures }: Seen): string[] {
  const list: string[] = []
  if (openChats > 0 && manifest.kind !== 'excerpt') {
    list.push(`${count(openChats, 'chat')} began without an end in this bundle.`)
  }
  if (unknownSignatures > 0) {
    list.push(`${count(unknownSignatures, 'signature')} by keys that were not given: ignored.`)
  }
  for (const [code, more] of findings.more()) {
    list.push(`${count(more, 'more failure')} of ${code} not listed.`)
  }
  return list
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}
