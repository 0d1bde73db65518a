import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatMicros, systemClock, uuidv7 } from '@lexcustis/core'
import { startTestPostgres, type TestPostgres } from '@lexcustis/testing'
// eslint-disable-next-line no-restricted-imports -- a bench measures the log inside the service, without gRPC
import type * as Audit from '../../services/audit/src/audit-log.js'
// eslint-disable-next-line no-restricted-imports -- as above
import type * as MasterKeys from '../../services/audit/src/domain/master-keys.js'

// eslint-disable-next-line no-restricted-imports -- as above
import type * as Stores from '../../services/audit/src/adapters/directory-checkpoint-store.js'
// eslint-disable-next-line no-restricted-imports -- as above
import type * as PgArray from '../../services/audit/src/adapters/pg-array.js'
// eslint-disable-next-line no-restricted-imports -- as above
import type * as Keys from '../../services/audit/src/domain/signing-keys.js'

// eslint-disable-next-line no-restricted-imports -- as above
import type * as Export from '../../services/audit/src/export.js'

export type AuditLog = Audit.AuditLog

const root = new URL('../../', import.meta.url)
const { openAuditLog } = (await import(
  new URL('services/audit/dist/audit-log.js', root).href
)) as typeof Audit
const { openDirectoryCheckpointStore } = (await import(
  new URL('services/audit/dist/adapters/directory-checkpoint-store.js', root).href
)) as typeof Stores
export const pgArray = (await import(
  new URL('services/audit/dist/adapters/pg-array.js', root).href
)) as typeof PgArray
const { createSigningKey, createSigningKeys } = (await import(
  new URL('services/audit/dist/domain/signing-keys.js', root).href
)) as typeof Keys
const { openExport } = (await import(
  new URL('services/audit/dist/export.js', root).href
)) as typeof Export
const { singleEpoch } = (await import(
  new URL('services/audit/dist/domain/master-keys.js', root).href
)) as typeof MasterKeys

const signingKeys = createSigningKeys(createSigningKey(generateKeyPairSync('ed25519').privateKey))

/** A durable PostgreSQL of the bench's own, migrated. */
export async function startAuditPostgres(): Promise<TestPostgres> {
  const postgres = await startTestPostgres({ durable: true })
  await postgres.migrate('audit', fileURLToPath(new URL('services/audit/migrations', root)))
  return postgres
}

/** The audit service's log, in this process: what is measured is the log, not gRPC. */
export async function openLog(postgres: TestPostgres): Promise<AuditLog> {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-bench-'))
  return openAuditLog({
    checkpointStore: await openDirectoryCheckpointStore(directory),
    signingKeys,
    databaseUrl: postgres.url('audit'),
    epochs: singleEpoch(randomBytes(32)),
    origin: 'bench.local',
    lostGraceMs: 30_000,
    clock: systemClock,
  })
}

/** Everything of an organisation as a bundle, piece by piece. */
export function exportTo(
  log: AuditLog,
  organizationId: string,
): ReturnType<ReturnType<typeof Export.openExport>> {
  const exporter = openExport(log, { origin: 'bench.local', signingKeys, clock: systemClock })
  const admin = {
    organizationId,
    userId: organizationId,
    userRole: 'admin',
    kind: 'user',
    via: 'jwt',
  } as const
  const everything = { from: '', to: '', previous: 0n, resumeAt: 0n }
  return exporter(admin, everything, new AbortController().signal)
}

const ATTRS = JSON.stringify({
  outcome: 'completed',
  provider: 'openai-compatible',
  model: 'mistral-small-latest',
  delivered: true,
  finish_reason: 'stop',
  tokens_in: 812,
  tokens_out: 164,
  tokens_estimated: false,
  first_token_ms: 213,
  total_ms: 1874,
  confidence_e4: 7812,
  grounding_e4: 8123,
  bias: [],
  pii: { email: 1 },
  signal: false,
  checks_failed: [],
})

/** What a gateway sends at the end of an answer, without content. */
export function createEnd(): Parameters<AuditLog['readDraft']>[2] {
  return {
    id: uuidv7(),
    type: 'chat.completed',
    occurredAt: formatMicros(systemClock.nowMicros()),
    ref: uuidv7(),
    trace: '',
    attrsJson: ATTRS,
    content: [],
  }
}

/** Appends the end of an answer, as a chat does. */
export async function appendEnd(
  log: AuditLog,
  organizationId: string,
  userId: string,
  end = createEnd(),
): Promise<void> {
  const actor = { kind: 'user', via: 'jwt', role: 'member', subjectId: userId } as const
  await log.append(log.readDraft(organizationId, actor, end))
}
