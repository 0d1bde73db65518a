import { type Clock, formatMicros, type TenantContext, uuidv7 } from '@lexcustis/core'
import { openDatabase, type Database } from '@lexcustis/postgres'
import { createAttrsSchemas } from './adapters/ajv-attrs-schemas.js'
import { createPgErasureReader } from './adapters/pg-erasure-reader.js'
import { createPgLogReader, createPgOverdueStarts } from './adapters/pg-log-reader.js'
import { createPgLogStore } from './adapters/pg-log-store.js'
import { createPgRetentionReader } from './adapters/pg-retention-reader.js'
import { createPgTreeStore } from './adapters/pg-tree-store.js'
import { type CheckpointEvents, type Checkpoints, createCheckpoints } from './checkpoints.js'
import { AppendQueue, QUEUE_LIMITS, type QueueLimits } from './domain/append-queue.js'
import { createBatchWriter, type WriteBatch } from './domain/batch-writer.js'
import type { CheckpointStore } from './domain/checkpoint-store.js'
import { type Appended, newestOf } from './domain/outcome.js'
import { type ContentItem, readContent } from './domain/content.js'
import { actorOf, createDraftReader, type Draft, type DraftReader } from './domain/draft.js'
import { createEntries, type Entries } from './domain/entries.js'
import { genesisAttrs } from './domain/genesis.js'
import { createKeyring, type Keyring } from './domain/keyring.js'
import { LostChats } from './domain/lost-chats.js'
import type { Epoch } from './domain/master-keys.js'
import { createAnnounceWith, type SealingKeysDeps } from './domain/sealing-keys.js'
import { vkeyOf } from './domain/signing/log-keys.js'
import { type Restarted, restartLog } from './domain/signing/restart-log.js'
import type { TreeStore } from './domain/signing/ports.js'
import type { SigningKeys } from './domain/signing-keys.js'
import { verifyLog, type VerifyEvent, type VerifyResult } from './domain/verify-log.js'

export interface AuditLogOptions extends CheckpointEvents {
  readonly databaseUrl: string
  /** Master keys; one of them is current. */
  readonly epochs: readonly Epoch[]
  readonly origin: string
  /** Where signed checkpoints are kept, outside this database. */
  readonly checkpointStore: CheckpointStore
  readonly signingKeys: SigningKeys
  readonly lostGraceMs: number
  readonly clock: Clock
  readonly limits?: Partial<QueueLimits>
  readonly onFlush?: (rows: number) => void
  readonly onLost?: (organizationId: string, ref: string) => void
  /** This process does not hold the key that an organisation's log ends with. */
  readonly onKeyRefused?: SealingKeysDeps['onRefused']
}

/** Everything the service does, without a network: handlers, tests and benches stand on it. */
export interface AuditLog extends AsyncDisposable {
  readonly readDraft: DraftReader
  /** Resolves once the record is durable. */
  readonly append: (draft: Draft, signal?: AbortSignal) => Promise<Appended>
  readonly entries: Entries
  readonly verify: (organizationId: string) => AsyncIterable<VerifyEvent>
  /** Appends `verification.run`. */
  readonly recordRun: (tenant: TenantContext, result: VerifyResult) => Promise<void>
  /** Appends `content.read`, then opens what the record commits to. */
  readonly readContent: (tenant: TenantContext, id: string) => Promise<readonly ContentItem[]>
  readonly lostChats: LostChats
  readonly checkpoints: Checkpoints
  /** Opens the vault. */
  readonly keyring: Pick<Keyring, 'wrappingKey'>
  /** Starts a new incarnation of a log that differs from what was signed. */
  readonly restart: (organizationId: string) => Promise<Restarted>
  /** Records that wait to be written. */
  readonly waiting: () => number
  readonly database: Database
  readonly trees: TreeStore
}

/** Opens the log on a migrated database. Disposing writes what still waits. */
export function openAuditLog(options: AuditLogOptions): AuditLog {
  const { clock, databaseUrl: url, origin, lostGraceMs: graceMs } = options
  const limits = { ...QUEUE_LIMITS, ...options.limits }
  // Writers hold a connection while they wait for a lock; readers must not wait behind them.
  const writing = openDatabase({ url, name: 'audit-write', maxConnections: limits.maxConcurrent })
  const database = openDatabase({ url, name: 'audit-read' })
  const keyring = createKeyring(options.epochs)
  const store = createPgLogStore(writing)
  const reader = createPgLogReader(database)
  const readDraft = createDraftReader(createAttrsSchemas())
  const trees = createPgTreeStore(database)
  const retention = createPgRetentionReader(database)
  const checkpoints = createCheckpoints(
    {
      ...options,
      trees,
      store: options.checkpointStore,
      keys: options.signingKeys,
      keyring,
      minimumIndex: async ({ organizationId, incarnation }) =>
        (await retention.pruning(organizationId, incarnation))?.minimumIndex ?? 0n,
    },
    { readDraft, append: async (draft) => append(draft) },
  )
  // After a restored backup the connections are new ones, and so is what they lead to.
  writing.pool.on('connect', () => checkpoints.forgetDatabase())
  database.pool.on('connect', () => checkpoints.forgetDatabase())
  const announceWith = createAnnounceWith({
    keyring,
    ...(options.onKeyRefused ? { onRefused: options.onKeyRefused } : {}),
  })
  const genesis = genesisAttrs(origin, vkeyOf(origin, options.signingKeys))
  const { guard } = checkpoints
  const writeBatch = createBatchWriter({ store, keyring, clock, genesis, guard, announceWith })
  const write: WriteBatch = async (organizationId, drafts) => {
    const outcomes = await writeBatch(organizationId, drafts)
    const newest = newestOf(outcomes)
    if (newest) checkpoints.appended(newest, newest.sequence)
    return outcomes
  }
  const queue = new AppendQueue(write, limits, options.onFlush)
  const append: AuditLog['append'] = async (draft, signal) => queue.append(draft, signal)

  /** One of this service's own records, on behalf of the tenant. */
  const record = async (
    tenant: TenantContext,
    type: string,
    attrs: object,
    ref = '',
  ): Promise<void> => {
    const occurredAt = formatMicros(clock.nowMicros())
    const attrsJson = JSON.stringify(attrs)
    const input = { id: uuidv7(), type, occurredAt, ref, trace: '', attrsJson, content: [] }
    await append(readDraft(tenant.organizationId, actorOf(tenant), input))
  }

  return {
    readDraft,
    append,
    entries: createEntries(reader),
    verify: (organizationId) =>
      verifyLog(
        {
          reader,
          retention,
          keyring,
          clock,
          graceMs,
          newestSigned: checkpoints.newestSigned,
        },
        organizationId,
      ),
    recordRun: async (tenant, { isValid, checked, expected, open, breaks }) =>
      record(tenant, 'verification.run', {
        valid: isValid,
        checked: Number(checked),
        expected: Number(expected),
        open: Number(open),
        breaks: Number(breaks),
      }),
    readContent: async (tenant, id) => {
      const recordRead = async (ref: string, fields: readonly string[]) =>
        record(tenant, 'content.read', { fields }, ref)
      const found = { ...createPgErasureReader(database), ...reader }
      return readContent({ reader: found, keyring, recordRead }, tenant.organizationId, id)
    },
    lostChats: new LostChats({
      starts: createPgOverdueStarts(database),
      reader,
      readDraft,
      append,
      clock,
      graceMs,
      onLost: options.onLost ?? (() => undefined),
    }),
    checkpoints,
    keyring,
    restart: async (organizationId) => {
      const restarted = await restartLog(
        {
          store: options.checkpointStore,
          trees,
          keys: options.signingKeys,
          keyring,
          origin,
          clock,
          log: store,
          vkeyOf: vkeyOf(origin, options.signingKeys),
        },
        organizationId,
      )
      await checkpoints.restarted(organizationId, restarted)
      return restarted
    },
    waiting: () => queue.waiting,
    database,
    trees,
    [Symbol.asyncDispose]: async () => {
      await queue.close()
      await Promise.all([writing[Symbol.asyncDispose](), database[Symbol.asyncDispose]()])
    },
  }
}
