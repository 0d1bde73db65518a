import { createHash } from 'node:crypto'
import { AppError } from '@lexcustis/core'
import { type Database, isConnectionLost, isUniqueViolation, toAppError } from '@lexcustis/postgres'
import {
  type Batch,
  type KnownRecord,
  type LogStore,
  type LogTransaction,
  OutcomeUnknownError,
  type SealedBytes,
  type Subject,
  type Tail,
  TakenError,
} from '../domain/ports.js'
import { byteaArray, int8Array, textArray, uuidArray } from './pg-array.js'

const connect = async (db: Database) =>
  db.pool.connect().catch((error: unknown) => {
    throw toAppError(error)
  })

type Client = Awaited<ReturnType<typeof connect>>

/** Longer than any honest flush: a writer that hangs gives the organisation's lock back. */
const LOCK_WAIT_MS = 5_000
const IDLE_MS = 10_000

const INSERT_RECORDS = `
  INSERT INTO audit.audit_logs (
    organization_id, incarnation, sequence_number, id, type, ref,
    occurred_at, recorded_at, ends_by, canonical, leaf, mac
  )
  SELECT
    $1::uuid, $2::uuid, record.sequence_number, record.id, record.type, record.ref,
    record.occurred_at, $3::text, record.ends_by, record.canonical, record.leaf, record.mac
  FROM unnest(
    $4::int8[], $5::uuid[], $6::text[], $7::uuid[],
    $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bytea[]
  ) AS record (
    sequence_number, id, type, ref,
    occurred_at, ends_by, canonical, leaf, mac
  )`

const INSERT_CONTENTS = `
  INSERT INTO audit.audit_content (
    organization_id, incarnation, sequence_number, field, pid, salt, nonce, ciphertext
  )
  SELECT
    $1::uuid, $2::uuid, item.sequence_number, item.field, item.pid, item.salt, item.nonce, item.ciphertext
  FROM unnest($3::int8[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[])
    AS item (sequence_number, field, pid, salt, nonce, ciphertext)`

const INSERT_SUBJECTS = `
  INSERT INTO audit.audit_subject (organization_id, subject_id, pid)
  SELECT $1::uuid, item.subject_id, item.pid
  FROM unnest($2::text[], $3::text[]) AS item (subject_id, pid)`

const INSERT_KEYS = `
  INSERT INTO audit.audit_subject_key (organization_id, pid, kid, wrapped_key)
  SELECT $1::uuid, item.pid, item.kid, item.wrapped_key
  FROM unnest($2::text[], $3::text[], $4::bytea[]) AS item (pid, kid, wrapped_key)`

const FIND = `
  SELECT
    record.incarnation, record.sequence_number, record.canonical, record.leaf,
    content.field, content.salt
  FROM audit.audit_logs AS record
  LEFT JOIN audit.audit_content AS content
    ON content.organization_id = record.organization_id
    AND content.incarnation = record.incarnation
    AND content.sequence_number = record.sequence_number
  WHERE record.organization_id = $1
    AND (
      record.id = ANY ($2::uuid[])
      OR (
        record.ref = ANY ($3::uuid[])
        AND record.type IN ('chat.completed', 'chat.blocked', 'chat.aborted')
      )
    )`

// Two statements in one: with OR, the planner would read the whole log.
const ANNOUNCEMENTS = `
  SELECT sequence_number, canonical FROM audit.audit_logs
  WHERE organization_id = $1 AND incarnation = $2 AND sequence_number = 0
  UNION ALL
  (
    SELECT sequence_number, canonical FROM audit.audit_logs
    WHERE organization_id = $1 AND incarnation = $2
      AND type = 'key.announced' AND sequence_number > 0
    ORDER BY sequence_number
  )`

const NEWEST = `
  SELECT sequence_number AS sequence, canonical, mac FROM audit.audit_logs
  WHERE organization_id = $1 AND incarnation = $2
  ORDER BY sequence_number DESC LIMIT $3`

const IS_STORED = `
  SELECT 1 FROM audit.audit_logs
  WHERE organization_id = $1 AND incarnation = $2 AND sequence_number = $3 AND mac = $4`

/** Appends to audit.audit_logs and the vault beside it, under a lock per organisation. */
export function createPgLogStore(db: Database): LogStore {
  return {
    write: async (organizationId, subjectIds, use) => {
      const client = await connect(db)
      let isBroken = true
      try {
        const sent: Promise<unknown>[] = []
        const result = await use(await open(client, organizationId, subjectIds, sent))
        // COMMIT follows without waiting for the answers; where one is a refusal, it rolls back.
        await Promise.all([...sent, commit(client)])
        isBroken = false
        return result
      } catch (error) {
        isBroken = isConnectionLost(error) || !(await rolledBack(client))
        throw translate(error)
      } finally {
        client.release(isBroken)
      }
    },
  }
}

/**
 * One round trip, in which each statement sees what is committed when it starts: the head is read
 * after the lock is held. In one statement with the lock, or in a transaction with one snapshot, it
 * could be an old one, and the log would fork.
 */
async function open(
  client: Client,
  organizationId: string,
  subjectIds: readonly string[],
  sent: Promise<unknown>[],
): Promise<LogTransaction> {
  const org = client.escapeLiteral(organizationId)
  const people = subjectIds.map((id) => client.escapeLiteral(id)).join(', ')
  const statements = [
    'BEGIN ISOLATION LEVEL READ COMMITTED',
    `SELECT set_config('app.organization_id', ${org}, true),
       set_config('lock_timeout', '${LOCK_WAIT_MS}', true),
       set_config('idle_in_transaction_session_timeout', '${IDLE_MS}', true)`,
    `SELECT pg_advisory_xact_lock(${lockOf(organizationId)})`,
    `SELECT incarnation, sequence_number, canonical, mac, recorded_at FROM audit.audit_logs
     WHERE organization_id = ${org} ORDER BY incarnation DESC, sequence_number DESC LIMIT 1`,
    `SELECT subject.subject_id, subject.pid, key.kid, key.wrapped_key FROM audit.audit_subject AS subject
     LEFT JOIN audit.audit_subject_key AS key
       ON key.organization_id = subject.organization_id AND key.pid = subject.pid
     WHERE subject.organization_id = ${org} AND subject.subject_id IN (${people || 'NULL'})`,
  ]
  // Without parameters the driver sends all statements at once and answers with one result each.
  const results = (await client.query(statements.join('; '))) as unknown as { rows: unknown[] }[]
  const [tail] = (results[3]?.rows ?? []) as TailRow[]
  const subjects = (results[4]?.rows ?? []) as SubjectRow[]
  const read = { tail: tail && toTail(tail), subjects: toSubjects(subjects) }
  return transaction(client, organizationId, read, sent)
}

interface TailRow {
  readonly incarnation: string
  readonly sequence_number: bigint
  readonly canonical: Buffer
  readonly mac: Buffer
  readonly recorded_at: string
}

function toTail(row: TailRow): Tail {
  const { incarnation, sequence_number: sequence, canonical, mac, recorded_at: recordedAt } = row
  return { incarnation, sequence, canonical, mac, recordedAt }
}

interface SubjectRow {
  readonly subject_id: string
  readonly pid: string
  readonly kid: string | null
  readonly wrapped_key: Buffer | null
}

function toSubjects(rows: readonly SubjectRow[]): ReadonlyMap<string, Subject> {
  return new Map(
    rows.map(({ subject_id: subjectId, pid, kid, wrapped_key: bytes }) => {
      const key = kid !== null && bytes !== null ? { kid, bytes } : undefined
      return [subjectId, { pid, key }]
    }),
  )
}

function transaction(
  client: Client,
  organizationId: string,
  read: Pick<LogTransaction, 'tail' | 'subjects'>,
  sent: Promise<unknown>[],
): LogTransaction {
  return {
    ...read,
    insert: (batch) => {
      for (const answer of insert(client, organizationId, batch)) {
        answer.catch(() => undefined)
        sent.push(answer)
      }
    },
    find: async (ids, ended) => {
      const values = [organizationId, uuidArray(ids), uuidArray(ended)]
      return toKnown((await client.query<KnownRow>(FIND, values)).rows)
    },
    announcements: async (incarnation) => {
      const values = [organizationId, incarnation]
      const { rows } = await client.query<{ canonical: Buffer }>(ANNOUNCEMENTS, values)
      return rows.map(({ canonical }) => canonical)
    },
    newest: async (incarnation, limit) => {
      const values = [organizationId, incarnation, limit]
      return (await client.query<SealedBytes>(NEWEST, values)).rows
    },
    isStored: async ({ incarnation, sequence, mac }) => {
      const values = [organizationId, incarnation, sequence, mac]
      return (await client.query(IS_STORED, values)).rows.length > 0
    },
  }
}

/** Sends the statements and yields their answers; their order is the one they are sent in. */
function* insert(
  client: Client,
  organizationId: string,
  { incarnation, recordedAt, rows, contents, newSubjects, newKeys }: Batch,
): Generator<Promise<unknown>> {
  if (newSubjects.length > 0) {
    const values = [
      organizationId,
      textArray(newSubjects.map(({ subjectId }) => subjectId)),
      textArray(newSubjects.map(({ pid }) => pid)),
    ]
    yield client.query({ name: 'audit-subjects', text: INSERT_SUBJECTS, values })
  }
  if (newKeys.length > 0) {
    const values = [
      organizationId,
      textArray(newKeys.map(({ pid }) => pid)),
      textArray(newKeys.map(({ key }) => key.kid)),
      byteaArray(newKeys.map(({ key }) => key.bytes)),
    ]
    yield client.query({ name: 'audit-keys', text: INSERT_KEYS, values })
  }
  const values = [organizationId, incarnation, recordedAt, ...recordColumns(rows)]
  yield client.query({ name: 'audit-records', text: INSERT_RECORDS, values })
  if (contents.length > 0) {
    const columns = [organizationId, incarnation, ...contentColumns(contents)]
    yield client.query({ name: 'audit-contents', text: INSERT_CONTENTS, values: columns })
  }
}

function recordColumns(rows: Batch['rows']): Buffer[] {
  return [
    int8Array(rows.map(({ sequence }) => sequence)),
    uuidArray(rows.map(({ projection }) => projection.id)),
    textArray(rows.map(({ projection }) => projection.type)),
    uuidArray(rows.map(({ projection }) => projection.ref)),
    textArray(rows.map(({ projection }) => projection.occurredAt)),
    textArray(rows.map(({ projection }) => projection.endsBy)),
    byteaArray(rows.map(({ canonical }) => canonical)),
    byteaArray(rows.map(({ leaf }) => leaf)),
    byteaArray(rows.map(({ mac }) => mac)),
  ]
}

function contentColumns(contents: Batch['contents']): Buffer[] {
  return [
    int8Array(contents.map(({ sequence }) => sequence)),
    textArray(contents.map(({ field }) => field)),
    textArray(contents.map(({ pid }) => pid)),
    byteaArray(contents.map(({ salt }) => salt)),
    byteaArray(contents.map(({ nonce }) => nonce)),
    byteaArray(contents.map(({ ciphertext }) => ciphertext)),
  ]
}

interface KnownRow {
  readonly incarnation: string
  readonly sequence_number: bigint
  readonly canonical: Buffer
  readonly leaf: Buffer
  readonly field: string | null
  readonly salt: Buffer | null
}

/** One row per record and committed field → one record with its salts. */
function toKnown(rows: readonly KnownRow[]): KnownRecord[] {
  const known = new Map<string, KnownRecord & { readonly salts: Map<string, Buffer> }>()
  for (const { incarnation, sequence_number: sequence, canonical, leaf, field, salt } of rows) {
    const place = `${incarnation} ${sequence}`
    const record = known.get(place) ?? { incarnation, sequence, canonical, leaf, salts: new Map() }
    if (field !== null && salt !== null) record.salts.set(field, salt)
    known.set(place, record)
  }
  return [...known.values()]
}

async function commit(client: Client): Promise<void> {
  const { command } = await client.query('COMMIT')
  // PostgreSQL answers ROLLBACK, and no error, when the transaction had failed before.
  if (command !== 'COMMIT') throw new AppError('INTERNAL', 'internal error')
}

async function rolledBack(client: Client): Promise<boolean> {
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  )
}

const QUERY_CANCELLED = '57014'

function translate(error: unknown): unknown {
  if (error instanceof AppError || error instanceof TakenError) return error
  if (isConnectionLost(error)) {
    return new OutcomeUnknownError('the connection was lost', { cause: error })
  }
  if (isUniqueViolation(error))
    return new TakenError('something is there already', { cause: error })
  if ((error as { code?: unknown }).code === QUERY_CANCELLED) {
    // Nobody cancels these statements: the server did, because they took too long.
    return new AppError('UNAVAILABLE', 'the database was busy; try again', { cause: error })
  }
  return toAppError(error)
}

/**
 * Key of the advisory lock that whoever appends to an organisation's log holds. Two organisations with
 * the same lock wait for each other, and that is all.
 */
export function lockOf(organizationId: string): bigint {
  const digest = createHash('sha256').update(`lexcustis/append/${organizationId}`).digest()
  return digest.readBigInt64BE(0)
}
