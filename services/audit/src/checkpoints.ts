import { AppError, type Clock, formatMicros, uuidv7 } from '@lexcustis/core'
import { formatVkey, readCheckpoint } from '@lexcustis/evidence'
import type { CheckpointStore, LogName, OrganizationLog } from './domain/checkpoint-store.js'
import type { Appended } from './domain/outcome.js'
import { type Draft, type DraftReader, SYSTEM } from './domain/draft.js'
import type { Keyring } from './domain/keyring.js'
import { compareLog } from './domain/signing/compare-log.js'
import {
  createDeploymentLog,
  type DeploymentEvent,
  type DeploymentKey,
  type DeploymentLog,
} from './domain/signing/deployment-log.js'
import type { Divergence } from './domain/signing/divergence.js'
import { announcedKeys, originOf, signersFor } from './domain/signing/log-keys.js'
import { LogGuard } from './domain/signing/log-guard.js'
import type { LogHead, TreeStore } from './domain/signing/ports.js'
import { createProofs, type Proofs } from './domain/signing/proofs.js'
import type { Restarted } from './domain/signing/restart-log.js'
import type { Signed } from './domain/signing/sign-log.js'
import { Signer } from './domain/signing/signer.js'
import { newestCheckpoint, type StoredCheckpoint } from './domain/signing/stored-checkpoint.js'
import { createTreeCache } from './domain/signing/tree-cache.js'
import type { SigningKeys } from './domain/signing-keys.js'
import type { SignedTree } from './domain/verify-log.js'

export interface CheckpointEvents {
  /** A checkpoint became durable in the store. */
  readonly onSigned?: (log: LogName, size: bigint) => void
  /** A log is read-only from now on. */
  readonly onDiverged?: (organizationId: string, divergence: Divergence) => void
  /** Something could not be signed; it is tried again. */
  readonly onSignFailed?: (organizationId: string, error: unknown) => void
}

export interface CheckpointsOptions extends CheckpointEvents {
  readonly trees: TreeStore
  readonly store: CheckpointStore
  readonly keys: SigningKeys
  readonly keyring: Keyring
  readonly origin: string
  readonly clock: Clock
  /** Where a log begins since it was pruned; 0 before. */
  readonly minimumIndex: (log: OrganizationLog) => Promise<bigint>
}

/** The newest checkpoint of an organisation's log, and whether the log still agrees with it. */
export interface NewestCheckpoint {
  readonly log: OrganizationLog
  readonly size: bigint
  readonly note: string
  readonly divergence: Divergence | undefined
}

/** Everything that is signed: checkpoints, proofs against them, the log of the deployment. */
export interface Checkpoints {
  /** Stands before every write. */
  readonly guard: LogGuard
  /** A connection is new: what it leads to may be a restored backup. */
  readonly forgetDatabase: () => void
  /** To be told of every record that became durable. */
  readonly appended: (log: OrganizationLog, sequence: bigint) => void
  readonly proofs: Proofs
  readonly deploymentKeys: () => readonly DeploymentKey[]
  /** The newest stored checkpoint of an organisation as it is, for a check of the whole log. */
  readonly newestSigned: (organizationId: string) => Promise<SignedTree | undefined>
  /** The newest checkpoint of one log, its signature checked. Throws DivergedError. */
  readonly newestOf: (log: OrganizationLog) => Promise<StoredCheckpoint | undefined>
  /** Throws NOT_FOUND before the first one. */
  newest(organizationId: string): Promise<NewestCheckpoint>
  /** A note of exactly this size; undefined when none was signed. */
  ofSize(log: OrganizationLog, size: bigint): Promise<string | undefined>
  /** C2SP vkeys that the organisation's newest log has announced and not retired. */
  vkeys(organizationId: string): Promise<readonly string[]>
  /** Signs now until the record is covered. Throws UNAVAILABLE. */
  covering(
    log: OrganizationLog,
    sequence: bigint,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<NewestCheckpoint>
  /** A new incarnation was started: says so in the deployment's log, and compares again. */
  restarted(organizationId: string, restarted: Restarted): Promise<void>
  /** Reads the deployment's log and compares every organisation with the store. */
  open(): Promise<void>
  /** Signs one log now; undefined when another replica is at it. Throws DivergedError. */
  sign(log: OrganizationLog): Promise<Signed | undefined>
  /** Signs what waits. */
  signWaiting(): Promise<void>
  /** Signs what nobody signed, writes heartbeats, enters checkpoints into the deployment's log. */
  sweep(): Promise<void>
}

/** Trees kept in memory, each some ten kilobytes. */
const CACHED_TREES = 256

export interface Appending {
  readonly readDraft: DraftReader
  readonly append: (draft: Draft) => Promise<Appended>
}

/** `appending` is used only once records are written, which the guard in here has to allow first. */
export function createCheckpoints(
  options: CheckpointsOptions,
  { readDraft, append }: Appending,
): Checkpoints {
  const { trees, store, keys, origin, clock, onSigned, onSignFailed } = options
  const deployment = createDeploymentLog({
    store,
    keys,
    origin,
    clock,
    onSigned: (size) => onSigned?.('deployment', size),
  })
  const guard = new LogGuard({
    compare: async (organizationId) => compareLog(options, organizationId),
    onDiverged: (organizationId, divergence) => {
      options.onDiverged?.(organizationId, divergence)
      deployment.record(divergedEvent(organizationId, divergence)).catch((error: unknown) => {
        onSignFailed?.(organizationId, error)
      })
    },
  })
  const own = async (organizationId: string, type: string, attrs: object): Promise<unknown> => {
    const occurredAt = formatMicros(clock.nowMicros())
    const attrsJson = JSON.stringify(attrs)
    const input = { id: uuidv7(), type, occurredAt, ref: '', trace: '', attrsJson, content: [] }
    return append(readDraft(organizationId, SYSTEM, input))
  }
  const cache = createTreeCache(CACHED_TREES)
  const signer = new Signer({
    trees,
    store,
    keys,
    origin,
    clock,
    guard,
    cache,
    append: async (organizationId, input) => append(readDraft(organizationId, SYSTEM, input)),
    announce: async (organizationId, attrs) => {
      await own(organizationId, 'key.announced', attrs)
    },
    ...(onSigned ? { onSigned } : {}),
    ...(onSignFailed ? { onFailed: onSignFailed } : {}),
  })
  const newest = async (organizationId: string): Promise<NewestCheckpoint> => {
    const incarnation = (await store.incarnations(organizationId)).at(-1)
    const log = incarnation === undefined ? undefined : { organizationId, incarnation }
    const note = log && (await store.newest(log))
    if (!log || note === undefined) throw new AppError('NOT_FOUND', 'nothing is signed yet')
    const { size } = readCheckpoint(note)
    return { log, size, note, divergence: guard.divergenceOf(organizationId) }
  }
  return {
    guard,
    forgetDatabase: () => {
      guard.forgetComparisons()
      cache.clear()
    },
    newestSigned: async (organizationId) => {
      const incarnation = (await store.incarnations(organizationId)).at(-1)
      const note = incarnation && (await store.newest({ organizationId, incarnation }))
      return note ? { incarnation, ...readCheckpoint(note) } : undefined
    },
    appended: (log, sequence) => signer.appended(log, sequence),
    proofs: createProofs({ trees, store, minimumIndex: options.minimumIndex }),
    deploymentKeys: () => deployment.keys(),
    newestOf: async (log) => newestCheckpoint(options, log),
    newest,
    ofSize: async (log, size) => store.get(log, size),
    vkeys: async (organizationId) => vkeysOf(options, organizationId),
    covering: async (log, sequence, limits) => {
      await signer.covering(log, sequence, limits)
      return newest(log.organizationId)
    },
    restarted: async (organization, { incarnation, predecessor }) => {
      guard.forgetComparisons()
      await deployment.record({
        event: 'log.restarted',
        organization,
        incarnation,
        predecessor: predecessor.inc,
      })
    },
    open: async () => {
      await deployment.open()
      await compareAll(store, guard)
    },
    sign: async (log) => signer.sign(log),
    signWaiting: async () => signer.signWaiting(),
    sweep: async () => {
      for (const organizationId of guard.readOnly()) await compared(guard, organizationId)
      const heads = await signer.sweep()
      await signer.signWaiting()
      await enter(store, deployment, heads)
    },
  }
}

function divergedEvent(organization: string, divergence: Divergence): DeploymentEvent {
  const { code, incarnation, signedSize, storedSize } = divergence
  return {
    event: 'log.diverged',
    organization,
    code,
    incarnation,
    signed_size: String(signedSize),
    stored_size: String(storedSize),
  }
}

/** Keys of a log that has no record yet are those it will announce first. */
async function vkeysOf(
  { trees, keys, origin }: CheckpointsOptions,
  organizationId: string,
): Promise<readonly string[]> {
  const head = await trees.head(organizationId)
  if (!head) throw new AppError('NOT_FOUND', 'this organisation has no log yet')
  const records = await trees.view(head, async (view) => view.keyRecords())
  const announced = announcedKeys(records).filter(({ retiredAt }) => retiredAt === undefined)
  if (announced.length > 0) return announced.map(({ vkey }) => vkey)
  return signersFor(originOf(origin, head), keys).map(formatVkey)
}

/** Every organisation that was ever signed, one that is gone from the database included. */
async function compareAll(store: CheckpointStore, guard: LogGuard): Promise<void> {
  const seen = new Set<string>()
  for await (const { organizationId } of store.logs()) {
    if (seen.has(organizationId)) continue
    seen.add(organizationId)
    await compared(guard, organizationId)
  }
}

/** What it finds the guard keeps and reports; a refusal here is not news. */
async function compared(guard: LogGuard, organizationId: string): Promise<void> {
  await guard.admit(organizationId).catch(() => undefined)
}

/** Checkpoints of the logs that were not entered since they grew. */
async function enter(
  store: CheckpointStore,
  deployment: DeploymentLog,
  heads: readonly LogHead[],
): Promise<void> {
  const notes: string[] = []
  for (const head of heads) {
    const note = await store.newest(head)
    if (note !== undefined) notes.push(note)
  }
  await deployment.add(notes)
}
