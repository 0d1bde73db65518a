import { randomBytes } from 'node:crypto'
import { formatMicros, uuidv7 } from '@lexcustis/core'
import {
  type Actor,
  createRecordMac,
  envelopeBytes,
  genesisMac,
  leafHash,
  projectionOf,
  type RecordMac,
  type StoredRecord,
} from '@lexcustis/evidence'
import type { Draft, DraftActor } from './draft.js'
import { type GenesisAttrs, genesisDraft } from './genesis.js'
import type { Keyring } from './keyring.js'
import { sealedAttrs } from './named-subjects.js'
import type { Batch, ContentRow, Head, Subject, WrappedKey } from './ports.js'
import { announcementDraft } from './sealing-keys.js'
import { createDataKey, sealContent, unwrapKey, wrapKey } from './vault.js'

export interface SealOptions {
  readonly keyring: Keyring
  readonly genesis: GenesisAttrs
  readonly organizationId: string
  readonly head: Head | undefined
  readonly subjects: ReadonlyMap<string, Subject>
  readonly nowMicros: bigint
  /** The key that announces the current one before anything else; undefined when that is known. */
  readonly announceWith?: string | undefined
}

export interface SealedBatch {
  readonly incarnation: string
  /** Of the last record sealed; undefined when there was none. */
  readonly last: StoredRecord | undefined
  /** Those of the drafts, without a genesis or an announcement that came before them. */
  readonly records: readonly StoredRecord[]
}

/** Records that go to the database in one statement. */
const PART_ROWS = 64

/**
 * Gives each draft its place after the head, in order; an empty log gets its genesis first, and one
 * that was sealed with another key so far the announcement of the new one.
 *
 * `send` gets the batch part by part, in order: while a part is sealed, the database writes the one
 * before.
 */
export function sealBatch(
  drafts: readonly Draft[],
  options: SealOptions,
  send: (part: Batch) => void,
): SealedBatch {
  const sealer = new Sealer(options)
  if (!options.head) {
    const attrs = options.genesis(options.organizationId, sealer.incarnation)
    sealer.add(genesisDraft(options.organizationId, attrs, options.nowMicros))
  }
  const { announceWith, keyring, organizationId, nowMicros } = options
  if (announceWith !== undefined) {
    sealer.add(announcementDraft(organizationId, keyring.kid, nowMicros), announceWith)
  }
  const records: StoredRecord[] = []
  for (const draft of drafts) {
    records.push(sealer.add(draft))
    if (records.length % PART_ROWS === 0) send(sealer.takePart())
  }
  if (sealer.hasPart) send(sealer.takePart())
  return { incarnation: sealer.incarnation, last: sealer.last, records }
}

/** What is to be written, while it is put together. */
interface Part extends Batch {
  readonly rows: StoredRecord[]
  readonly contents: ContentRow[]
  readonly newSubjects: { subjectId: string; pid: string }[]
  readonly newKeys: { pid: string; key: WrappedKey }[]
}

function emptyPart(incarnation: string, recordedAt: string): Part {
  return { incarnation, recordedAt, rows: [], contents: [], newSubjects: [], newKeys: [] }
}

class Sealer {
  readonly incarnation: string
  /** The last record sealed. */
  last: StoredRecord | undefined
  #part: Part
  readonly #people: People
  readonly #macs = new Map<string, RecordMac>()
  readonly #recordedAt: string
  #sequence: bigint
  #previous: Buffer

  constructor(private readonly options: SealOptions) {
    const { head, keyring, nowMicros, organizationId } = options
    const incarnation = head?.incarnation ?? uuidv7()
    this.incarnation = incarnation
    this.#people = new People(options, () => this.#part)
    const now = formatMicros(nowMicros)
    this.#recordedAt = head && head.recordedAt > now ? head.recordedAt : now
    this.#part = emptyPart(incarnation, this.#recordedAt)
    this.#sequence = head ? head.sequence + 1n : 0n
    const genesisKey = () => required(keyring.chainKey(organizationId, incarnation, keyring.kid))
    this.#previous = head?.mac ?? genesisMac(genesisKey(), organizationId, incarnation)
  }

  get hasPart(): boolean {
    return this.#part.rows.length > 0
  }

  /** What was sealed since the last time. */
  takePart(): Batch {
    const part = this.#part
    this.#part = emptyPart(this.incarnation, this.#recordedAt)
    return part
  }

  add(draft: Draft, kid = this.options.keyring.kid): StoredRecord {
    const { organizationId } = this.options
    const sequence = this.#sequence
    const { actor, commitments } = this.#resolve(draft, sequence)
    const envelope = {
      org: organizationId,
      inc: this.incarnation,
      seq: String(sequence),
      id: draft.id,
      type: draft.type,
      occurred_at: draft.occurredAt,
      recorded_at: this.#recordedAt,
      actor,
      ref: draft.ref,
      trace: draft.trace,
      commitments,
      kid,
    }
    const attrs = sealedAttrs(draft, (subjectId) => this.#people.pidOf(subjectId))
    if (attrs === undefined) throw new Error('somebody has no pseudonym')
    const canonical = envelopeBytes(envelope, attrs)
    const leaf = leafHash(canonical)
    const mac = this.#macOf(kid)(sequence, this.#previous, leaf)
    const record = {
      sequence,
      canonical,
      leaf,
      mac,
      projection: projectionOf(envelope, draft.endsBy),
    }
    this.#part.rows.push(record)
    this.last = record
    this.#sequence = sequence + 1n
    this.#previous = mac
    return record
  }

  #macOf(kid: string): RecordMac {
    const known = this.#macs.get(kid)
    if (known) return known
    const { keyring, organizationId } = this.options
    const key = required(keyring.chainKey(organizationId, this.incarnation, kid))
    const made = createRecordMac(key, organizationId)
    this.#macs.set(kid, made)
    return made
  }

  /** Puts the content into the vault and the pseudonym in the place of the person. */
  #resolve(
    { actor, content }: Draft,
    sequence: bigint,
  ): { readonly actor: Actor; readonly commitments: Record<string, string> | undefined } {
    const pid = actor.subjectId === undefined ? undefined : this.#people.pidOf(actor.subjectId)
    const named = nameActor(actor, pid)
    if (content.length === 0) return { actor: named, commitments: undefined }
    if (pid === undefined) throw new Error('content belongs to somebody')
    const dataKey = this.#people.dataKeyOf(pid)
    const commitments: Record<string, string> = {}
    for (const { field, value } of content) {
      const place = {
        organizationId: this.options.organizationId,
        incarnation: this.incarnation,
        sequence,
        field,
      }
      const { commitment, ...sealed } = sealContent(dataKey, place, value)
      commitments[field] = commitment
      this.#part.contents.push({ sequence, field, pid, ...sealed })
    }
    return { actor: named, commitments }
  }
}

function nameActor({ kind, via, role }: DraftActor, pid: string | undefined): Actor {
  // Every record has one, and nearly all have everything: spreading costs as much as a hash.
  if (pid !== undefined && role !== undefined) return { kind, pid, role, via }
  return {
    kind,
    via,
    ...(pid === undefined ? {} : { pid }),
    ...(role === undefined ? {} : { role }),
  }
}

/** Pseudonyms and data keys of a batch; those that do not exist yet are made and handed over. */
class People {
  readonly #pids = new Map<string, string>()
  readonly #wrapped = new Map<string, WrappedKey>()
  readonly #opened = new Map<string, Buffer>()

  constructor(
    private readonly options: SealOptions,
    private readonly part: () => Part,
  ) {
    for (const [subjectId, { pid, key }] of options.subjects) {
      this.#pids.set(subjectId, pid)
      if (key) this.#wrapped.set(pid, key)
    }
  }

  pidOf(subjectId: string): string {
    const known = this.#pids.get(subjectId)
    if (known !== undefined) return known
    const pid = randomBytes(16).toString('hex')
    this.#pids.set(subjectId, pid)
    this.part().newSubjects.push({ subjectId, pid })
    return pid
  }

  dataKeyOf(pid: string): Buffer {
    const known = this.#opened.get(pid)
    if (known) return known
    const dataKey = this.#open(pid) ?? this.#make(pid)
    this.#opened.set(pid, dataKey)
    return dataKey
  }

  #open(pid: string): Buffer | undefined {
    const wrapped = this.#wrapped.get(pid)
    if (!wrapped) return undefined
    const { keyring, organizationId } = this.options
    const wrappingKey = required(keyring.wrappingKey(organizationId, wrapped.kid))
    return required(unwrapKey(wrappingKey, wrapped.bytes))
  }

  #make(pid: string): Buffer {
    const { keyring, organizationId } = this.options
    const dataKey = createDataKey()
    const bytes = wrapKey(required(keyring.wrappingKey(organizationId, keyring.kid)), dataKey)
    this.part().newKeys.push({ pid, key: { kid: keyring.kid, bytes } })
    return dataKey
  }
}

function required<T>(key: T | undefined): T {
  if (key === undefined) throw new Error('this database was written with another master key')
  return key
}
