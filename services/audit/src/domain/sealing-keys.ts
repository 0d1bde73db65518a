import type { KeyObject } from 'node:crypto'
import { AppError, formatMicros, uuidv7 } from '@lexcustis/core'
import { canonicalText, createRecordMac, genesisMac, leafHash } from '@lexcustis/evidence'
import { type Draft, SYSTEM } from './draft.js'
import type { Keyring } from './keyring.js'
import type { LogTransaction, SealedBytes } from './ports.js'
import { envelopeOf } from './same-record.js'

export interface SealingKeysDeps {
  readonly keyring: Keyring
  /** Told once per organisation and reason that this process may not extend its log. */
  readonly onRefused?: (organizationId: string, problem: KeyProblem) => void
}

export type KeyProblem = 'unknown key' | 'wrong key'

/**
 * What has to come before the next records of a log that has some: the id of the key that seals the
 * announcement of the current one, or undefined when that is announced already.
 *
 * Throws UNAVAILABLE when the log ends with a key that this process does not know, or holds other
 * bytes of. A chain extended from there would be whole for whoever holds every key. But a replica
 * without the newest key was left out of a rotation: it would seal with a retired key for ever, could
 * open no content of people met since, and would call the log broken. One with other bytes under a
 * known name would make the log invalid for good. Another replica can write meanwhile.
 *
 * A damaged record is another matter: verification reports it, and it does not say that our key is
 * wrong while any record beside it fits.
 */
export type AnnounceWith = (
  organizationId: string,
  tx: Pick<LogTransaction, 'tail' | 'announcements' | 'newest'>,
) => Promise<string | undefined>

/** Logs remembered as checked and announced: 100 bytes each. */
const MAX_REMEMBERED = 50_000
/** Newest records that are looked at before a process writes to a log for the first time. */
const LOOK_BACK = 17

export function createAnnounceWith(deps: SealingKeysDeps): AnnounceWith {
  const { keyring, onRefused = () => undefined } = deps
  /** Only what was read back from the database gets in: a batch of ours may yet be rolled back. */
  const ready = new Set<string>()
  const refused = new Set<string>()

  const refuse = (organizationId: string, problem: KeyProblem): AppError => {
    const seen = `${organizationId} ${problem}`
    if (!refused.has(seen)) onRefused(organizationId, problem)
    remember(refused, seen)
    const message = 'this log ends with a key that this replica does not hold'
    return new AppError('UNAVAILABLE', message, { retryAfterMs: 1_000 })
  }

  return async (organizationId, tx) => {
    const { tail } = tx
    if (!tail) return undefined
    const { incarnation } = tail
    const log = `${organizationId} ${incarnation}`
    const keyOf = (kid: string) => keyring.chainKey(organizationId, incarnation, kid)
    const kid = kidOf(tail.canonical)
    if (kid !== undefined && !keyOf(kid)) throw refuse(organizationId, 'unknown key')
    if (ready.has(log)) return undefined

    const newest = await tx.newest(incarnation, LOOK_BACK)
    const last = fittingKid(fitOf(newest, { organizationId, incarnation, keyOf }), kid, keyring.kid)
    if (last === undefined) throw refuse(organizationId, 'wrong key')
    if (last !== keyring.kid && !(await isAnnounced(keyring.kid, incarnation, tx))) return last
    remember(ready, log)
    return undefined
  }
}

/** Says that the key is used from the next record on. */
export function announcementDraft(organizationId: string, kid: string, nowMicros: bigint): Draft {
  return {
    organizationId,
    id: uuidv7(),
    type: 'key.announced',
    occurredAt: formatMicros(nowMicros),
    ref: undefined,
    trace: undefined,
    attrs: canonicalText({ use: 'mac', kid }),
    endsBy: undefined,
    outcome: undefined,
    actor: SYSTEM,
    content: [],
    sizeBytes: 0,
  }
}

/** The key id in the bytes; cheaper than reading them as a record, and done for every batch. */
function kidOf(canonical: Buffer): string | undefined {
  try {
    const { kid } = JSON.parse(canonical.toString('utf8')) as { kid?: unknown }
    return typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

/** The key the log ends with, or undefined when our key of that name or our current one is wrong. */
function fittingKid(
  fits: ReadonlyMap<string, boolean>,
  tailKid: string | undefined,
  currentKid: string,
): string | undefined {
  // Of damaged bytes there is no telling; the record before was most likely sealed the same way.
  const last = tailKid ?? fits.keys().next().value
  if (last === undefined || fits.get(currentKid) === false) return undefined
  return fits.get(last) ? last : undefined
}

interface Chain {
  readonly organizationId: string
  readonly incarnation: string
  readonly keyOf: (kid: string) => KeyObject | undefined
}

/** Key id, newest first → whether our key makes the MAC of at least one of its records. */
function fitOf(newest: readonly SealedBytes[], chain: Chain): ReadonlyMap<string, boolean> {
  const fits = new Map<string, boolean>()
  newest.forEach((record, index) => {
    const kid = kidOf(record.canonical)
    if (kid === undefined || fits.get(kid) === true) return
    // The oldest that was read has nobody to follow, unless it is the first of all.
    if (record.sequence > 0n && index === newest.length - 1) return
    fits.set(kid, isMacOf(record, newest[index + 1]?.mac, kid, chain))
  })
  return fits
}

function isMacOf(
  { sequence, canonical, mac }: SealedBytes,
  previousMac: Buffer | undefined,
  kid: string,
  { organizationId, incarnation, keyOf }: Chain,
): boolean {
  const key = keyOf(kid)
  if (!key) return false
  const previous = sequence === 0n ? genesisMac(key, organizationId, incarnation) : previousMac
  if (!previous) return false
  return createRecordMac(key, organizationId)(sequence, previous, leafHash(canonical)).equals(mac)
}

async function isAnnounced(
  kid: string,
  incarnation: string,
  tx: Pick<LogTransaction, 'announcements'>,
): Promise<boolean> {
  const records = await tx.announcements(incarnation)
  return records.some((canonical) => {
    const envelope = envelopeOf({ canonical })
    // The genesis announces the key that seals it.
    if (envelope?.type === 'chain.genesis') return envelope.kid === kid
    return envelope?.attrs['use'] === 'mac' && envelope.attrs['kid'] === kid
  })
}

function remember(set: Set<string>, item: string): void {
  set.add(item)
  const [oldest] = set
  if (set.size > MAX_REMEMBERED && oldest !== undefined) set.delete(oldest)
}
