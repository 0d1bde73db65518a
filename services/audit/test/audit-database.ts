import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatMicros, systemClock, uuidv7 } from '@lexcustis/core'
import { type Database, openDatabase } from '@lexcustis/postgres'
import { startTestPostgres, type TestPostgres, type TestPostgresOptions } from '@lexcustis/testing'
import { openDirectoryCheckpointStore } from '../src/adapters/directory-checkpoint-store.js'
import { MIGRATIONS_FOLDER } from '../src/adapters/pg-checks.js'
import { type AuditLog, type AuditLogOptions, openAuditLog } from '../src/audit-log.js'
import { singleEpoch } from '../src/domain/master-keys.js'
import type { CheckpointStore } from '../src/domain/checkpoint-store.js'
import { createSigningKey, createSigningKeys, type SigningKey } from '../src/domain/signing-keys.js'
import type { Appended } from '../src/domain/outcome.js'
import type { AppendInput, DraftActor } from '../src/domain/draft.js'
import type { VerifyEvent } from '../src/domain/verify-log.js'

/** A migrated database of a test's own and the parts of the service on it. */
export interface AuditDatabase extends AsyncDisposable {
  readonly postgres: TestPostgres
  /** A replica of the service, without a network. */
  open(options?: Partial<AuditLogOptions>): AuditLog
  readonly superuser: Database
  readonly checkpointStore: CheckpointStore
  readonly checkpointDirectory: string
  as(role: string): Database
}

/** Of epoch mac-1, the only one unless a test says otherwise. */
export const masterKey = randomBytes(32)

export const createTestSigningKey = (): SigningKey =>
  createSigningKey(generateKeyPairSync('ed25519').privateKey)

export const signingKeys = createSigningKeys(createTestSigningKey())

export async function startAuditDatabase(options?: TestPostgresOptions): Promise<AuditDatabase> {
  const postgres = await startTestPostgres(options)
  await postgres.migrate('audit', fileURLToPath(MIGRATIONS_FOLDER))
  const checkpointDirectory = await mkdtemp(join(tmpdir(), 'lexcustis-checkpoints-'))
  const checkpointStore = await openDirectoryCheckpointStore(checkpointDirectory)
  const opened: AsyncDisposable[] = []
  const keep = <T extends AsyncDisposable>(part: T): T => {
    opened.unshift(part)
    return part
  }
  return {
    postgres,
    checkpointStore,
    checkpointDirectory,
    open: (changes = {}) =>
      keep(
        openOnce({
          databaseUrl: postgres.url('audit'),
          epochs: singleEpoch(masterKey),
          origin: 'test.local',
          lostGraceMs: 0,
          clock: systemClock,
          checkpointStore,
          signingKeys,
          ...changes,
        }),
      ),
    superuser: keep(openDatabase({ url: postgres.superuserUrl, name: 'test' })),
    as: (role) => keep(openDatabase({ url: postgres.url(role), name: role })),
    [Symbol.asyncDispose]: async () => {
      for (const part of opened) await part[Symbol.asyncDispose]()
      await postgres[Symbol.asyncDispose]()
      await rm(checkpointDirectory, { recursive: true, force: true })
    },
  }
}

/** A log that a test may close before the database closes it. */
function openOnce(options: AuditLogOptions): AuditLog {
  const log = openAuditLog(options)
  let closed: Promise<void> | undefined
  return {
    ...log,
    [Symbol.asyncDispose]: async () => {
      closed ??= (async () => log[Symbol.asyncDispose]())()
      await closed
    },
  }
}

export const person: DraftActor = {
  kind: 'user',
  via: 'jwt',
  role: 'member',
  subjectId: '0199c1d2-0000-7000-8000-000000000001',
}

export function input(changes: Partial<AppendInput> = {}): AppendInput {
  return {
    id: uuidv7(),
    type: 'document.ingested',
    occurredAt: formatMicros(systemClock.nowMicros()),
    ref: '',
    trace: '',
    attrsJson: '{"document":"d1"}',
    content: [],
    ...changes,
  }
}

export const startedAttrs = {
  provider: 'mistral',
  model: 'mistral-small',
  data_region: 'eu',
  endpoint: '/api/v1/chat',
  stream: true,
  policy_version: 'default-1',
  code_version: '0.1.0',
  ends_by: '2026-11-23T10:25:30.123456Z',
  pii: { email: 2 },
  injection_e4: 125,
  rules: [],
  sources: [{ document: 'd1', chunk: 'c1', version: 1, score_e4: 9_100 }],
  retrieval: 'hybrid',
}

export const completedAttrs = {
  outcome: 'completed',
  provider: 'mistral',
  model: 'mistral-small',
  delivered: true,
  finish_reason: 'stop',
  tokens_in: 812,
  tokens_out: 64,
  tokens_estimated: false,
  first_token_ms: 210,
  total_ms: 1_932,
  confidence_e4: 8_120,
  grounding_e4: 9_003,
  bias: [],
  pii: {},
  signal: false,
  checks_failed: [],
}

export function started(endsBy: string, changes: Partial<AppendInput> = {}): AppendInput {
  const attrsJson = JSON.stringify({ ...startedAttrs, ends_by: endsBy })
  return input({ type: 'chat.started', attrsJson, ...changes })
}

export function completed(ref: string, changes: Partial<AppendInput> = {}): AppendInput {
  return input({
    type: 'chat.completed',
    ref,
    attrsJson: JSON.stringify(completedAttrs),
    ...changes,
  })
}

export async function append(
  log: AuditLog,
  organizationId: string,
  given: AppendInput,
  actor = person,
): Promise<Appended> {
  return log.append(log.readDraft(organizationId, actor, given))
}

export async function verified(
  log: AuditLog,
  organizationId: string,
): Promise<{
  readonly codes: string[]
  readonly result: Extract<VerifyEvent, { kind: 'result' }>
}> {
  const codes: string[] = []
  for await (const event of log.verify(organizationId)) {
    if (event.kind === 'break') codes.push(`${event.sequence ?? '-'} ${event.code}`)
    if (event.kind === 'result') return { codes, result: event }
  }
  throw new Error('no result')
}

export const reasonOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'OK',
    (error: unknown) => (error as { reason?: string }).reason ?? String(error),
  )
