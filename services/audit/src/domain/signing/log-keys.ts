import {
  createVerifierKey,
  formatVkey,
  logOrigin,
  type NoteSigner,
  type VerifierKey,
} from '@lexcustis/evidence'
import type { OrganizationLog } from '../checkpoint-store.js'
import { envelopeOf } from '../same-record.js'
import type { SigningKey, SigningKeys } from '../signing-keys.js'
import type { StoredBytes } from './ports.js'

/** A vkey that the log itself has named, and from where to where it counts. */
export interface AnnouncedKey {
  readonly vkey: string
  /** Sequence of the genesis or key.announced that names it. */
  readonly sequence: bigint
  /** Sequence of the record that retires it: it verifies no checkpoint larger than that. */
  readonly retiredAt: bigint | undefined
}

/** Checkpoint keys named by a genesis and its key.announced records, in order. */
export function announcedKeys(records: readonly StoredBytes[]): readonly AnnouncedKey[] {
  const keys = new Map<string, AnnouncedKey>()
  for (const record of records) {
    const attrs = envelopeOf(record)?.attrs ?? {}
    const { vkey, retires } = attrs
    if (typeof vkey === 'string' && !keys.has(vkey)) {
      keys.set(vkey, { vkey, sequence: record.sequence, retiredAt: undefined })
    }
    const retired = typeof retires === 'string' ? keys.get(retires) : undefined
    if (retired && retired.retiredAt === undefined) {
      keys.set(retired.vkey, { ...retired, retiredAt: record.sequence })
    }
  }
  return [...keys.values()]
}

/** The name of a log as the first line of its checkpoints. */
export function originOf(origin: string, log: OrganizationLog): string {
  return logOrigin(origin, log.organizationId, log.incarnation)
}

/** A key of the deployment under the name of one log. */
export function signerFor(name: string, key: SigningKey): NoteSigner {
  return { ...createVerifierKey(name, key.publicKey), sign: (message) => key.sign(message) }
}

/** Current key first; the one before it as long as it is configured. */
export function signersFor(name: string, { current, previous }: SigningKeys): NoteSigner[] {
  return (previous ? [current, previous] : [current]).map((key) => signerFor(name, key))
}

/** The current key under the name of a log, as its genesis announces it. */
export function vkeyOf(
  origin: string,
  { current }: SigningKeys,
): (organizationId: string, incarnation: string) => string {
  return (organizationId, incarnation) =>
    formatVkey(signerFor(originOf(origin, { organizationId, incarnation }), current))
}

/** Ours that may sign a checkpoint of this size: announced within it, and not retired before. */
export function entitledTo(
  size: bigint,
  signers: readonly NoteSigner[],
  announced: readonly AnnouncedKey[],
): NoteSigner[] {
  return signers.filter((signer) => {
    const key = announced.find(({ vkey }) => vkey === formatVkey(signer))
    return key && key.sequence < size && (key.retiredAt === undefined || size <= key.retiredAt)
  })
}

/**
 * Attributes of the next `key.announced` that this log needs, or undefined. The current key is named
 * before it is used. A key announced before it that is no longer configured is retired by naming the
 * current key again; one announced after it belongs to a replica that is further in a rotation.
 */
export function missingAnnouncement(
  [current, ...others]: readonly NoteSigner[],
  announced: readonly AnnouncedKey[],
): { use: 'checkpoint'; vkey: string; retires?: string } | undefined {
  if (!current) return undefined
  const vkey = formatVkey(current)
  const ours = announced.find((key) => key.vkey === vkey)
  if (!ours) return { use: 'checkpoint', vkey }
  const kept = new Set(others.map((key: VerifierKey) => formatVkey(key)))
  const gone = announced.find(
    (key) => key.retiredAt === undefined && key.sequence < ours.sequence && !kept.has(key.vkey),
  )
  return gone && { use: 'checkpoint', vkey, retires: gone.vkey }
}
