import type { Bundle } from '../bundle/bundle.js'
import { EvidenceError, type FailureCode } from '../failure.js'
import { readVkey, type VerifierKey } from '../note/vkey.js'
import { Findings } from './findings.js'
import { MANIFEST, MANIFEST_SIGNATURE, type Manifest, readManifest } from './manifest.js'
import { collect, createMemberReader } from './member-reader.js'
import { readEarlier } from './previous.js'
import { RANGE } from './range-proof.js'
import type { Failure, Progress, Report } from './report.js'
import { readCheckpointBytes, type SignedCheckpoint, verifyManifestNote } from './signed-notes.js'
import { NOTHING_CHECKED, sentencesOf } from './statements.js'
import { verifyMembers } from './verify-members.js'

export interface VerifyOptions {
  /** C2SP vkeys; whom to trust is never learned from a bundle. */
  readonly keys: readonly string[]
  /** A checkpoint that an earlier verification saw, as a signed note. */
  readonly previous?: string | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** A manifest lists every member, so it can be large; one larger than this is not read. */
const MAX_MANIFEST_BYTES = 128 * 1024 * 1024
const MAX_SIGNATURE_BYTES = 1_000_000

/**
 * Verifies an export (SPEC.md, sections 7 and 8). `open` opens its container. Never throws: what goes
 * wrong is in the report.
 */
export async function verifyBundle(
  open: () => Promise<Bundle>,
  options: VerifyOptions,
): Promise<Report> {
  let bundle: Bundle | undefined
  try {
    const keys = readKeysGiven(options.keys)
    // An earlier checkpoint that is none is an argument that cannot be used.
    if (options.previous !== undefined) readCheckpointBytes(options.previous, 'previous_malformed')
    bundle = await open()
    return await verifyOpened(bundle, keys, options)
  } catch (error) {
    return notStarted(failureOf(error))
  } finally {
    await bundle?.close()
  }
}

function readKeysGiven(vkeys: readonly string[]): VerifierKey[] {
  if (vkeys.length === 0) throw new EvidenceError('key_malformed', 'no key was given')
  return vkeys.map((vkey) => readVkey(vkey))
}

async function verifyOpened(
  bundle: Bundle,
  allKeys: readonly VerifierKey[],
  { previous, onProgress }: VerifyOptions,
): Promise<Report> {
  const bytes = await readSmall(bundle, MANIFEST, MAX_MANIFEST_BYTES)
  if (!bytes) throw new EvidenceError('manifest_missing', 'there is no manifest.json')
  const manifest = readManifest(bytes)
  const keys = allKeys.filter(({ name }) => name === manifest.logOrigin)
  const findings = new Findings()
  try {
    const signature = await checkSignature(bundle, { manifest, bytes, keys }, findings)
    if (findings.has(['manifest_signature'])) return untrusted(findings)
    const given = await readGiven(previous, { manifest, keys: allKeys }, findings)
    checkListing(bundle, manifest, findings)
    const members = createMemberReader(bundle, manifest.members, findings, onProgress)
    const seen = await verifyMembers({ manifest, keys, findings, members, given, signature })
    return reportOf(findings, sentencesOf(seen))
  } catch (error) {
    const { code, detail } = failureOf(error)
    findings.add(code, detail)
    return reportOf(findings, { ...NOTHING_CHECKED, not_checked: [INTERRUPTED] })
  }
}

const INTERRUPTED = 'Verification did not come to its end, so nothing counts as checked.'

/** Who signed the manifest; nobody when that does not hold. */
async function checkSignature(
  bundle: Bundle,
  {
    manifest,
    bytes,
    keys,
  }: { manifest: Manifest; bytes: Uint8Array; keys: readonly VerifierKey[] },
  findings: Findings,
): Promise<{ readonly signedBy: readonly VerifierKey[]; readonly unknown: number }> {
  const place = { member: MANIFEST_SIGNATURE }
  try {
    const signature = await readSmall(bundle, MANIFEST_SIGNATURE, MAX_SIGNATURE_BYTES)
    if (signature) {
      const { logOrigin } = manifest
      return await verifyManifestNote(signature, { bytes, logOrigin }, keys)
    }
    findings.add('manifest_signature_missing', 'nobody signed the manifest', place)
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    findings.add('manifest_signature', error.detail, place)
  }
  return { signedBy: [], unknown: 0 }
}

async function readGiven(
  previous: string | undefined,
  options: { readonly manifest: Manifest; readonly keys: readonly VerifierKey[] },
  findings: Findings,
): Promise<SignedCheckpoint | undefined> {
  if (previous === undefined) return undefined
  try {
    return await readEarlier(previous, options)
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    findings.add(error.code, `the earlier checkpoint that was given: ${error.detail}`)
    return undefined
  }
}

/** What a manifest does not list. */
const OF_ITSELF = [MANIFEST, MANIFEST_SIGNATURE]

const ALWAYS = [
  'checkpoint.note',
  'records.jsonl',
  'content.jsonl',
  'erasures.jsonl',
  'keys.jsonl',
  'SPEC.md',
]

/** Every file is listed, everything listed is there, and nothing is missing. */
function checkListing(bundle: Bundle, { kind, members }: Manifest, findings: Findings): void {
  for (const path of bundle.members.keys()) {
    if (members.has(path) || OF_ITSELF.includes(path)) continue
    findings.breakMember(path, 'member_unlisted', 'is not listed in the manifest')
  }
  const required = kind === 'range' ? [...ALWAYS, RANGE] : ALWAYS
  for (const path of [...members.keys(), ...required]) {
    const isThere = bundle.members.has(path) && members.has(path)
    if (!isThere) findings.breakMember(path, 'member_missing', 'is not in the bundle')
  }
  if (kind !== 'range' && members.has(RANGE)) {
    findings.breakMember(RANGE, 'manifest_mismatch', `a bundle of kind ${kind} has no range`)
  }
}

/** Undefined when it is not there. */
async function readSmall(
  bundle: Bundle,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const bytes = bundle.members.get(path)
  if (bytes === undefined) return undefined
  if (bytes > maxBytes) throw new EvidenceError('bundle_unsafe', `${path} is too large`)
  return collect(bundle.open(path), maxBytes)
}

function untrusted(findings: Findings): Report {
  const detail = 'Anything but the signature of the manifest: what it lists cannot be trusted.'
  return reportOf(findings, { holds: [], not_checked: [detail], notes: [] })
}

function reportOf(
  findings: Findings,
  sentences: Pick<Report, 'holds' | 'not_checked' | 'notes'>,
): Report {
  const isValid = findings.isEmpty
  return {
    result: isValid ? 'valid' : 'invalid',
    exit: isValid ? 0 : 1,
    failures: findings.failures(),
    ...sentences,
  }
}

function failureOf(error: unknown): { readonly code: FailureCode; readonly detail: string } {
  if (error instanceof EvidenceError) return { code: error.code, detail: error.message }
  const name = error instanceof Error ? error.name : 'unknown'
  return { code: 'internal', detail: `the verifier failed: ${name}` }
}

/** The report when verification could not start: arguments, container or manifest. */
export function notStarted(failure: Failure): Report {
  return { result: 'error', exit: 2, failures: [failure], ...NOTHING_CHECKED }
}
