import type { VerifierKey } from '../note/vkey.js'
import { CONTENT, ContentJoin } from './content-join.js'
import { ERASURES, readErasures } from './erasures.js'
import type { Findings } from './findings.js'
import { readLines } from './json-lines.js'
import { KEYS, readKeys } from './keys.js'
import { COUNTED, type Counted, type Manifest, MANIFEST_SIGNATURE } from './manifest.js'
import type { MemberReader } from './member-reader.js'
import { createOpenChats } from './open-chats.js'
import { createPeriodCheck } from './period.js'
import { checkConsistency, CONSISTENCY, readEnclosed } from './previous.js'
import { createProofs, type LoneRecord } from './proofs.js'
import { RANGE, readRangeProof } from './range-proof.js'
import { type CommittedRecord, RecordPass, RECORDS } from './record-pass.js'
import { RecordTable } from './record-table.js'
import {
  CHECKPOINT,
  PREVIOUS,
  readBundleCheckpoint,
  type SignedCheckpoint,
} from './signed-notes.js'
import type { Seen } from './statements.js'
import { createTree, type Tree } from './tree.js'

export interface MembersOptions {
  readonly manifest: Manifest
  /** Given keys of this log. */
  readonly keys: readonly VerifierKey[]
  readonly findings: Findings
  readonly members: MemberReader
  /** The earlier checkpoint that the verifier brought along. */
  readonly given: SignedCheckpoint | undefined
  /** Who signed the manifest. */
  readonly signature: { readonly signedBy: readonly VerifierKey[]; readonly unknown: number }
}

/** Verifies what a manifest lists, in one pass over the records. */
export async function verifyMembers(options: MembersOptions): Promise<Seen> {
  const { manifest, findings, members, signature } = options
  const parts = await readParts(options)
  const { checkpoint, earlier, erasures, content, pass, period } = parts
  // A manifest of another log or size says nothing about these records.
  const isAboutThem = !findings.has(['manifest_mismatch'])
  if (isAboutThem) {
    await readRecords(members, parts)
    await checkAgainstRecords(options, parts)
  }
  await members.rest()
  if (isAboutThem) {
    checkCounts(manifest, findings, {
      records: pass.lines,
      content: content.lines,
      erasures: erasures.lines,
      keys: parts.keys.lines,
      proofs: parts.proofs.count,
    })
  }
  return {
    manifest,
    findings,
    signedBy: signature.signedBy,
    unknownSignatures: signature.unknown + (checkpoint?.unknown ?? 0),
    content,
    erasures: erasures.lines,
    earlier,
    openChats: parts.chats.count,
    isEndShown: period.isEndShown,
    areIdsComplete: !pass.ids.isFull,
    otherMembers: [...members.listed.keys()].filter((path) => !isKnown(path)).length,
  }
}

type Parts = Awaited<ReturnType<typeof readParts>>

/** Reads what has to be known before the records. */
async function readParts(options: MembersOptions) {
  const { manifest, keys: given, findings, members } = options
  const checkpoint = await readBundleCheckpoint(members, manifest, given, findings)
  const enclosed = await readEnclosed(members, { manifest, keys: given, findings })
  const earlier = { given: options.given, enclosed }
  const keys = await readKeys(members, findings, manifest.kind === 'full')
  const erasures = await readErasures(members, manifest.inc, findings)
  const tree = await openTree(options, [options.given?.size, enclosed?.size])
  const proofs = createProofs(members, checkpoint, findings)
  const table = new RecordTable()
  const period = createPeriodCheck(manifest, findings)
  const chats = createOpenChats()
  const pass = new RecordPass({ manifest, findings, table, tree, keys, erasures, period, chats })
  const isDisordered = (): boolean => pass.isDisordered
  const content = new ContentJoin({ members, findings, table, erasures, isDisordered })
  return {
    ...{ checkpoint, earlier, keys, erasures, tree, proofs },
    ...{ table, period, chats, content, pass },
  }
}

async function readRecords(members: MemberReader, { pass, proofs, content }: Parts): Promise<void> {
  for await (const { lines, isCut } of readLines(members.stream(RECORDS))) {
    const found = { committed: [] as CommittedRecord[], lone: [] as LoneRecord[] }
    for (const line of lines) pass.check(line, found)
    if (isCut) pass.cut()
    for (const record of found.lone) await proofs.prove(record)
    await content.take(found.committed)
  }
  pass.finish()
  await content.finish()
}

/** Holds against the records what other members say about them. */
async function checkAgainstRecords(
  { manifest, findings, members, signature }: MembersOptions,
  { checkpoint, earlier, keys, erasures, tree, proofs, table, period, pass }: Parts,
): Promise<void> {
  const isLost = (seq: bigint): boolean => {
    const row = table.find(seq)
    return row === undefined ? pass.isDisordered : !table.isReadable(row)
  }
  period.finish(isLost)
  keys.finish(isLost)
  for (const { seq, line } of erasures.unproven()) {
    if (isLost(seq)) continue
    const place = { seq, member: ERASURES, line }
    findings.add('erasure_unproven', 'the record that authorises it is not there', place, [RECORDS])
  }
  proofs.finish(isLost)
  const isRootRight = checkpoint !== undefined && tree !== undefined && tree.check(checkpoint)
  await checkConsistency(earlier, { manifest, members, findings, checkpoint, tree, isRootRight })
  checkSigners(keys, { checkpoint, ...earlier }, { manifest, findings, signature })
  // Nothing is valid because a check did not happen: what was not shown is a failure.
  const isShown = (isRootRight || manifest.kind === 'excerpt') && proofs.proven === pass.lone
  if (findings.isEmpty && !isShown) findings.add('internal', 'not every record was proven')
}

/** Undefined where records do not make a tree: in an excerpt, or without what surrounds a range. */
async function openTree(
  { manifest, members, findings }: MembersOptions,
  sizes: readonly (bigint | undefined)[],
): Promise<Tree | undefined> {
  if (manifest.kind === 'excerpt') return undefined
  const surroundings =
    manifest.kind === 'full'
      ? { left: [], right: [] }
      : await readRangeProof(members, manifest, findings)
  const wanted = sizes.filter((size) => size !== undefined)
  return surroundings && createTree(manifest, surroundings, wanted, findings)
}

function checkSigners(
  keys: Awaited<ReturnType<typeof readKeys>>,
  {
    checkpoint,
    given,
    enclosed,
  }: Readonly<Record<'checkpoint' | 'given' | 'enclosed', SignedCheckpoint | undefined>>,
  { manifest, findings, signature }: Pick<MembersOptions, 'manifest' | 'findings' | 'signature'>,
): void {
  const size = manifest.treeSize
  const { signedBy } = signature
  const isReported = (): boolean => findings.has(['key_retired', 'key_unannounced'])
  if (checkpoint) keys.checkSigners({ ...checkpoint, member: CHECKPOINT, mustBeListed: true })
  if (signedBy.length > 0 && !isReported()) {
    keys.checkSigners({ size, signedBy, member: MANIFEST_SIGNATURE, mustBeListed: true })
  }
  if (isReported()) return
  for (const earlier of [enclosed, given]) {
    if (earlier) keys.checkSigners({ ...earlier, member: PREVIOUS, mustBeListed: false })
  }
}

/** A number that differs because of something else that was found there is not reported again. */
function checkCounts(
  { counts }: Manifest,
  findings: Findings,
  found: Readonly<Record<Counted, number>>,
): void {
  const members = {
    records: RECORDS,
    content: CONTENT,
    erasures: ERASURES,
    keys: KEYS,
    proofs: undefined,
  }
  for (const name of COUNTED) {
    if (found[name] === counts[name]) continue
    const member = members[name]
    const isExplained = member
      ? findings.hasFor(member)
      : findings.has(['proof_missing', 'proof_orphan', 'member_missing', 'member_unlisted'])
    if (isExplained) continue
    findings.add(
      'counts',
      `the manifest counts another number of ${name}`,
      {},
      member ? [member] : [],
    )
  }
}

const KNOWN: ReadonlySet<string> = new Set([
  CHECKPOINT,
  RECORDS,
  RANGE,
  CONTENT,
  ERASURES,
  KEYS,
  PREVIOUS,
  CONSISTENCY,
  'SPEC.md',
])

function isKnown(path: string): boolean {
  return KNOWN.has(path) || path.startsWith('proofs/') || path.startsWith('schemas/')
}
