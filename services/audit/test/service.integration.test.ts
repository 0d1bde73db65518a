import { createPrivateKey, sign } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { formatMicros, systemClock, type TenantContext, uuidv7 } from '@lexcustis/core'
import { readCheckpoint, readVkey, rootFromInclusion, verifyNote } from '@lexcustis/evidence'
import {
  type AppendRequest,
  AuditContentDefinition,
  AuditErasureDefinition,
  AuditOversightDefinition,
  AuditReaderDefinition,
  AuditRetentionDefinition,
  AuditWriterDefinition,
  CommittedField,
  ContentState,
  Decision,
  type VerifyChainResponse,
} from '@lexcustis/proto/audit'
import { createRpcClient, type Definition, deadlineIn, type RpcClient } from '@lexcustis/rpc'
import { createLogger } from '@lexcustis/runtime'
import { createTestCertificates, createTestTenantKeys } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { heldMasterKeys, singleEpoch } from '../src/domain/master-keys.js'
import { type RunningAudit, startAudit } from '../src/service.js'
import {
  type AuditDatabase,
  completedAttrs,
  masterKey,
  reasonOf,
  signingKeys,
  startAuditDatabase,
  startedAttrs,
} from './audit-database.js'

let database: AuditDatabase
let certificates: Awaited<ReturnType<typeof createTestCertificates>>
let strangers: Awaited<ReturnType<typeof createTestCertificates>>
let keys: Awaited<ReturnType<typeof createTestTenantKeys>>
let audit: RunningAudit
const lines: string[] = []

const tenant = (organizationId = uuidv7()): TenantContext => ({
  organizationId,
  userId: uuidv7(),
  userRole: 'admin',
  kind: 'user',
  via: 'jwt',
})

const GRACE_MS = 300

beforeAll(async () => {
  database = await startAuditDatabase()
  certificates = await createTestCertificates(['audit', 'gateway', 'compliance', 'rag', 'peer'])
  strangers = await createTestCertificates(['gateway'])
  keys = await createTestTenantKeys()
  audit = await start()
})
afterAll(async () => {
  await audit[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function start(databaseUrl = database.postgres.url('audit')): Promise<RunningAudit> {
  const config = {
    listenHost: '127.0.0.1',
    grpcPort: 0,
    metricsPort: 0,
    tls: certificates.identity('audit'),
    tenantKeys: keys.jwks,
    databaseUrl,
    drainMs: 2_000,
    logLevel: 'info',
    extraCallers: { peer: ['lexcustis.audit.v1.AuditReaderService', 'some.other.Service'] },
    masterKeys: heldMasterKeys(singleEpoch(masterKey)),
    signingKeys,
    keyWarnings: [],
    origin: 'test.local',
    lostGraceMs: GRACE_MS,
    checkpointDir: database.checkpointDirectory,
    checkpointIntervalMs: 100,
    eraserDatabaseUrl: database.postgres.url('audit_eraser'),
    retentionDatabaseUrl: database.postgres.url('audit_retention'),
    backupRetentionDays: 35,
  }
  const destination = { write: (line: string) => void lines.push(line) }
  return startAudit(config, createLogger({ service: 'audit', destination }))
}

function client<D extends Definition>(
  definition: D,
  name = 'gateway',
  from = certificates,
): RpcClient<D> {
  const tls = { ...from.identity(name), ca: certificates.ca }
  return createRpcClient(definition, { address: `127.0.0.1:${audit.port}`, peer: 'audit', tls })
}

const as = async (who: TenantContext, audience = 'audit') => ({
  tenantToken: await keys.sign(who, audience),
  deadline: deadlineIn(10_000),
})

const request = (changes: Partial<AppendRequest> = {}): AppendRequest => ({
  id: uuidv7(),
  type: 'document.ingested',
  occurredAt: formatMicros(systemClock.nowMicros()),
  ref: '',
  trace: '',
  attrsJson: '{"document":"d1"}',
  content: [],
  ...changes,
})

const startedAt = (endsBy: string) =>
  request({ type: 'chat.started', attrsJson: JSON.stringify({ ...startedAttrs, ends_by: endsBy }) })

const LATER = '2099-01-01T00:00:00.000001Z'

async function verify(who: TenantContext): Promise<NonNullable<VerifyChainResponse['event']>[]> {
  const events = []
  for await (const { event } of client(AuditReaderDefinition).verifyChain({}, await as(who))) {
    if (event) events.push(event)
  }
  return events
}

/** Like the gateway's, but a minute too old. */
function expiredToken(): string {
  const { privateJwk } = keys
  const nowSeconds = Math.floor(Date.now() / 1000)
  const parts = [
    { alg: 'EdDSA', kid: privateJwk.kid },
    {
      ...{ iss: 'lexcustis-gateway', aud: 'audit', sub: uuidv7(), org: uuidv7(), role: 'admin' },
      ...{ iat: nowSeconds - 120, exp: nowSeconds - 60 },
    },
  ]
  const text = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const key = createPrivateKey({ key: privateJwk as Record<string, string>, format: 'jwk' })
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`
}

describe('append and read', () => {
  test('a receipt leads to the record, by id and by sequence, for its own organisation only', async () => {
    const who = tenant()
    const wanted = request({ trace: 'ab'.repeat(16) })
    const { receipt, duplicate } = await client(AuditWriterDefinition).append(wanted, await as(who))
    expect(duplicate).toBe(false)
    expect(receipt).toMatchObject({
      organizationId: who.organizationId,
      sequence: 1n,
      entryId: wanted.id,
      checkpointSize: 0n,
    })
    const reader = client(AuditReaderDefinition)
    const byId = await reader.getEntry({ key: { $case: 'id', value: wanted.id } }, await as(who))
    const bySequence = await reader.getEntry(
      { key: { $case: 'sequence', value: 1n } },
      await as(who),
    )
    expect(bySequence).toEqual(byId)
    expect(byId.record?.leaf).toEqual(receipt?.entryHash)
    const envelope = JSON.parse(String(byId.record?.canonical)) as Record<string, unknown>
    expect(envelope).toMatchObject({
      org: who.organizationId,
      trace: wanted.trace,
      actor: { kind: 'user', via: 'jwt', role: 'admin' },
    })
    expect(JSON.stringify(envelope)).not.toContain(who.userId)

    const stranger = await as(tenant())
    const foreign = reader.getEntry({ key: { $case: 'id', value: wanted.id } }, stranger)
    const unknown = reader.getEntry({ key: { $case: 'id', value: uuidv7() } }, stranger)
    const [one, other] = await Promise.allSettled([foreign, unknown])
    expect(one).toEqual(other)
    expect(one).toMatchObject({ reason: { reason: 'NOT_FOUND' } })
  })

  test('the same person is the same pseudonym in an organisation, another one elsewhere', async () => {
    const who = tenant()
    const elsewhere = { ...who, organizationId: uuidv7() }
    const writer = client(AuditWriterDefinition)
    const pidOf = async (person: TenantContext) => {
      const { receipt } = await writer.append(request(), await as(person))
      const key = { $case: 'id' as const, value: receipt!.entryId }
      const { record } = await client(AuditReaderDefinition).getEntry({ key }, await as(person))
      return (JSON.parse(String(record?.canonical)) as { actor: { pid: string } }).actor.pid
    }
    const [first, second, third] = [await pidOf(who), await pidOf(who), await pidOf(elsewhere)]
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(second).toBe(first)
    expect(third).not.toBe(first)
  })

  test('lists in order, a page at a time, by type and by reference', async () => {
    const who = tenant()
    const writer = client(AuditWriterDefinition)
    const chat = startedAt(LATER)
    await writer.append(chat, await as(who))
    for (let n = 0; n < 5; n += 1) await writer.append(request(), await as(who))
    const end = { type: 'chat.completed', ref: chat.id, attrsJson: JSON.stringify(completedAttrs) }
    await writer.append(request(end), await as(who))

    const reader = client(AuditReaderDefinition)
    const all = { limit: 3, cursor: '', type: '', ref: '' }
    const seen: bigint[] = []
    for (let cursor: string | undefined; cursor !== '';) {
      const page = await reader.listEntries({ ...all, cursor: cursor ?? '' }, await as(who))
      expect(page.records.length).toBeLessThanOrEqual(3)
      seen.push(...page.records.map(({ sequence }) => sequence))
      cursor = page.nextCursor
    }
    expect(seen).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n])
    const listed = async (filter: object) =>
      (await reader.listEntries({ ...all, ...filter }, await as(who))).records.map(
        ({ sequence }) => sequence,
      )
    expect(await listed({ type: 'document.ingested', limit: 200 })).toEqual([2n, 3n, 4n, 5n, 6n])
    expect(await listed({ ref: chat.id })).toEqual([7n])
    expect(await listed({ ref: chat.id, type: 'chat.aborted' })).toEqual([])
    expect((await reader.listEntries(all, await as(tenant()))).records).toEqual([])
  })

  test.each([
    { limit: 0 },
    { limit: 201 },
    { cursor: 'x' },
    { cursor: Buffer.from('no.1').toString('base64url') },
    { type: 'chat.finished' },
    { ref: 'x' },
  ])('a list with %j is refused', async (change) => {
    const listing = client(AuditReaderDefinition).listEntries(
      { limit: 10, cursor: '', type: '', ref: '', ...change },
      await as(tenant()),
    )
    expect(await reasonOf(listing)).toBe('INVALID_INPUT')
  })

  test.each([
    [undefined, 'INVALID_INPUT'],
    [{ $case: 'id' as const, value: 'x' }, 'INVALID_INPUT'],
    [{ $case: 'sequence' as const, value: 0n }, 'NOT_FOUND'],
    [{ $case: 'sequence' as const, value: 2n ** 64n - 1n }, 'NOT_FOUND'],
  ])('the entry %o of an empty log: %s', async (key, reason) => {
    expect(
      await reasonOf(client(AuditReaderDefinition).getEntry({ key }, await as(tenant()))),
    ).toBe(reason)
  })
})

describe('verification', () => {
  test('streams progress and a result, and is itself recorded', async () => {
    const who = tenant()
    await client(AuditWriterDefinition).append(startedAt(LATER), await as(who))
    const events = await verify(who)
    expect(events[0]).toEqual({ $case: 'progress', value: { checked: 0n, expected: 2n } })
    expect(events.at(-1)).toEqual({
      $case: 'result',
      value: { valid: true, checked: 2n, expected: 2n, open: 1n, breaks: 0n },
    })
    const { record } = await client(AuditReaderDefinition).getEntry(
      { key: { $case: 'sequence', value: 2n } },
      await as(who),
    )
    expect(JSON.parse(String(record?.canonical))).toMatchObject({
      type: 'verification.run',
      attrs: { valid: true, checked: 2, expected: 2, open: 1, breaks: 0 },
    })
    expect((await verify(who)).at(-1)).toMatchObject({ value: { valid: true, expected: 3n } })
  })

  test('of a broken chain streams the break, says so in the result and wakes somebody', async () => {
    const who = tenant()
    await client(AuditWriterDefinition).append(request(), await as(who))
    await database.superuser.transaction(async (tx) => {
      await tx.query('ALTER TABLE audit.audit_logs DISABLE TRIGGER USER')
      await tx.query(
        `UPDATE audit.audit_logs SET mac = leaf WHERE organization_id = $1 AND sequence_number = 1`,
        [who.organizationId],
      )
      await tx.query('ALTER TABLE audit.audit_logs ENABLE TRIGGER USER')
    })
    const events = await verify(who)
    expect(events.filter(({ $case }) => $case === 'break')).toMatchObject([
      { value: { code: 'mac_mismatch', sequence: 1n } },
    ])
    expect(events.at(-1)).toMatchObject({ value: { valid: false, checked: 2n, breaks: 1n } })
    expect(
      lines.some((line) => line.includes('chain broken') && line.includes(who.organizationId)),
    ).toBe(true)
  })

  test('of an empty log is not valid', async () => {
    expect(await verify(tenant())).toMatchObject([
      { $case: 'progress' },
      { $case: 'break', value: { code: 'empty' } },
      { $case: 'result', value: { valid: false, checked: 0n, expected: 0n, breaks: 1n } },
    ])
  })
})

describe('content', () => {
  const secret = 'Ist das ein Vorfall? 😀\0é'
  const content = [
    { field: CommittedField.PROMPT, value: secret },
    { field: CommittedField.PASSAGES, value: '[]' },
    { field: CommittedField.ORIGINALS, value: '' },
  ]

  test('comes back exactly, is recorded as read, and lies encrypted', async () => {
    const who = tenant()
    const chat = { ...startedAt(LATER), content }
    await client(AuditWriterDefinition).append(chat, await as(who))
    const { items } = await client(AuditContentDefinition).getContent(
      { id: chat.id },
      await as(who),
    )
    expect(items).toMatchObject([
      { field: CommittedField.PROMPT, state: ContentState.PRESENT, value: secret },
      { field: CommittedField.PASSAGES, state: ContentState.PRESENT, value: '[]' },
      { field: CommittedField.ORIGINALS, state: ContentState.PRESENT, value: '' },
    ])
    const { records } = await client(AuditReaderDefinition).listEntries(
      { limit: 10, cursor: '', type: 'content.read', ref: chat.id },
      await as(who),
    )
    expect(records).toHaveLength(1)
    expect(JSON.parse(String(records[0]?.canonical))).toMatchObject({
      attrs: { fields: ['prompt', 'passages', 'originals'] },
    })
    const [dump] = await database.superuser.query<{ text: string }>(
      `SELECT coalesce(string_agg(t::text, ''), '') AS text FROM (
         SELECT convert_from(canonical, 'UTF8') AS t FROM audit.audit_logs
         UNION ALL SELECT encode(ciphertext, 'escape') FROM audit.audit_content) AS all_text`,
    )
    expect(dump?.text).not.toContain('Vorfall')
    expect(lines.join('')).not.toContain('Vorfall')
  })

  test('moved to another record, or altered, or gone, is missing and never wrong', async () => {
    const who = tenant()
    const chat = { ...startedAt(LATER), content }
    await client(AuditWriterDefinition).append(chat, await as(who))
    const of = [who.organizationId]
    const where = 'WHERE organization_id = $1 AND field ='
    const swap = (from: string, to: string) => `UPDATE audit.audit_content AS c SET
      salt = o.salt, nonce = o.nonce, ciphertext = o.ciphertext FROM audit.audit_content AS o
      WHERE c.organization_id = $1 AND o.organization_id = $1 AND c.field = '${to}' AND o.field = '${from}'`
    await database.superuser.query(swap('prompt', 'passages'), of)
    await database.superuser.query(`DELETE FROM audit.audit_content ${where} 'originals'`, of)
    const { items } = await client(AuditContentDefinition).getContent(
      { id: chat.id },
      await as(who),
    )
    expect(items.map(({ state, value }) => [state, value])).toEqual([
      [ContentState.PRESENT, secret],
      [ContentState.MISSING, ''],
      [ContentState.MISSING, ''],
    ])
    await database.superuser.query(
      'DELETE FROM audit.audit_subject_key WHERE organization_id = $1',
      of,
    )
    const after = await client(AuditContentDefinition).getContent({ id: chat.id }, await as(who))
    expect(after.items.map(({ state }) => state)).toEqual([3, 3, 3])
    expect((await verify(who)).at(-1)).toMatchObject({ value: { valid: true } })
  })

  test('of a foreign record is as unknown as that of none', async () => {
    const chat = { ...startedAt(LATER), content }
    await client(AuditWriterDefinition).append(chat, await as(tenant()))
    const contents = client(AuditContentDefinition)
    expect(await reasonOf(contents.getContent({ id: chat.id }, await as(tenant())))).toBe(
      'NOT_FOUND',
    )
    expect(await reasonOf(contents.getContent({ id: 'x' }, await as(tenant())))).toBe(
      'INVALID_INPUT',
    )
  })
})

describe('who may call', () => {
  const attempt = async (definition: 'writer' | 'reader' | 'content', name: string) => {
    const context = await as(tenant())
    if (definition === 'writer')
      return client(AuditWriterDefinition, name).append(request(), context)
    if (definition === 'content')
      return client(AuditContentDefinition, name).getContent({ id: uuidv7() }, context)
    return client(AuditReaderDefinition, name).listEntries(
      { limit: 1, cursor: '', type: '', ref: '' },
      context,
    )
  }

  test.each([
    ['gateway', 'writer', 'OK'],
    ['gateway', 'reader', 'OK'],
    ['gateway', 'content', 'NOT_FOUND'],
    ['compliance', 'reader', 'OK'],
    ['compliance', 'content', 'FORBIDDEN'],
    ['rag', 'writer', 'FORBIDDEN'],
    ['rag', 'reader', 'FORBIDDEN'],
    ['peer', 'reader', 'OK'],
    ['peer', 'writer', 'FORBIDDEN'],
  ] as const)('%s as a caller of the %s: %s', async (name, definition, reason) => {
    expect(await reasonOf(attempt(definition, name))).toBe(reason)
  })

  test('a certificate of another authority is no certificate', async () => {
    const writer = client(AuditWriterDefinition, 'gateway', strangers)
    expect(await reasonOf(writer.append(request(), await as(tenant())))).toBe('UNAVAILABLE')
  })

  test.each(['incident.opened', 'incident.closed'])('compliance may append %s', async (type) => {
    const incident = request({ type, attrsJson: `{"incident":"${uuidv7()}"}` })
    const writer = client(AuditWriterDefinition, 'compliance')
    expect(await reasonOf(writer.append(incident, await as(tenant())))).toBe('OK')
  })

  test.each([
    ['compliance', 'chat.completed'],
    ['compliance', 'document.ingested'],
    ['compliance', 'verification.run'],
    ['gateway', 'chain.genesis'],
    ['gateway', 'chain.heartbeat'],
    ['gateway', 'key.announced'],
    ['gateway', 'verification.run'],
    ['gateway', 'subject.erased'],
    ['gateway', 'content.read'],
    ['gateway', 'content.expired'],
  ])('%s may not append %s', async (name, type) => {
    const writer = client(AuditWriterDefinition, name)
    expect(await reasonOf(writer.append(request({ type }), await as(tenant())))).toBe('FORBIDDEN')
  })

  test('only a valid token of ours, for this service, says on whose behalf', async () => {
    const writer = client(AuditWriterDefinition)
    const deadline = deadlineIn(5_000)
    const fails = async (tenantToken?: string) =>
      reasonOf(writer.append(request(), { tenantToken, deadline }))
    expect(await fails()).toBe('UNAUTHENTICATED')
    expect(await fails('x.y.z')).toBe('UNAUTHENTICATED')
    expect(await fails(await keys.sign(tenant(), 'rag'))).toBe('UNAUTHENTICATED')
    const foreign = await createTestTenantKeys()
    expect(await fails(await foreign.sign(tenant(), 'audit'))).toBe('UNAUTHENTICATED')
    expect(await fails(expiredToken())).toBe('UNAUTHENTICATED')
  })

  test('what comes later says so', async () => {
    const context = await as(tenant())
    const decision = { id: '', entryId: '', decision: Decision.ACCEPT, rationale: '' }
    const oversight = client(AuditOversightDefinition)
    const all = await Promise.all(
      [
        oversight.recordDecision(decision, context),
        oversight.listPending({ limit: 1, cursor: '' }, context),
      ].map(reasonOf),
    )
    expect(new Set(all)).toEqual(new Set(['UNIMPLEMENTED']))
  })
})

describe('what is signed', () => {
  test('covers a record within a second, and proves it to whoever has the key', async () => {
    const who = tenant()
    const reader = client(AuditReaderDefinition)
    const appended = request()
    const { receipt } = await client(AuditWriterDefinition).append(appended, await as(who))
    expect(await reasonOf(reader.getCheckpoint({}, await as(tenant())))).toBe('NOT_FOUND')
    const { note } = await vi.waitFor(async () => reader.getCheckpoint({}, await as(who)), {
      timeout: 5_000,
      interval: 50,
    })
    const { root, size, note: read } = readCheckpoint(note)
    const { vkeys } = await reader.getKeys({}, await as(who))
    await expect(verifyNote(read, vkeys.map(readVkey))).resolves.toMatchObject({ unknown: 0 })
    const sequence = receipt?.sequence ?? 0n
    const { hashes } = await reader.getInclusionProof({ sequence, size }, await as(who))
    const leaf = receipt?.entryHash ?? Buffer.alloc(0)
    expect(rootFromInclusion({ leaf, sequence, size, hashes })).toEqual(root)
    const same = await reader.getConsistencyProof({ from: size, to: 0n }, await as(who))
    expect(same).toEqual({ size, hashes: [] })
    const again = await client(AuditWriterDefinition).append(appended, await as(who))
    expect(again).toMatchObject({ duplicate: true, receipt: { checkpointSize: size } })
    const { origin, keys } = await reader.getDeploymentKeys({}, await as(who))
    expect(origin).toBe('test.local')
    expect(keys.map(({ publicKey }) => publicKey)).toContainEqual(signingKeys.current.publicKey)
  })
})

describe('erasure', () => {
  test('needs two people, and is asked for by the gateway alone', async () => {
    const organizationId = uuidv7()
    const one = (userRole: TenantContext['userRole']): TenantContext => ({
      organizationId,
      userId: uuidv7(),
      userRole,
      kind: 'user',
      via: 'jwt',
    })
    const [member, reviewer, admin] = [one('member'), one('reviewer'), one('admin')]
    const content = [{ field: CommittedField.PROMPT, value: 'mine' }]
    const sealed = request({ content })
    await client(AuditWriterDefinition).append(sealed, await as(member))
    const erasure = client(AuditErasureDefinition)
    const agree = { id: uuidv7(), subjectId: member.userId, rationale: '' }
    expect(await reasonOf(erasure.approveErasure(agree, await as(member)))).toBe('FORBIDDEN')
    const approved = await erasure.approveErasure(agree, await as(reviewer))
    const erase = {
      id: uuidv7(),
      subjectId: member.userId,
      legalBasis: 'GDPR Art. 17(1)(b)',
      approvedBy: approved.receipt?.entryId ?? '',
      fields: [CommittedField.PROMPT],
      dryRun: false,
    }
    const unknown = { ...erase, fields: [CommittedField.UNSPECIFIED] }
    const compliance = client(AuditErasureDefinition, 'compliance')
    expect(await reasonOf(compliance.eraseSubject(erase, await as(admin)))).toBe('FORBIDDEN')
    expect(await reasonOf(erasure.eraseSubject(erase, await as(reviewer)))).toBe('FORBIDDEN')
    expect(await reasonOf(erasure.eraseSubject(unknown, await as(admin)))).toBe('INVALID_INPUT')
    const { receipt, ...report } = await erasure.eraseSubject(erase, await as(admin))
    expect(report).toMatchObject({ erasedRecords: 1n, erasedFields: 1n, dryRun: false })
    expect(report.receipts).toEqual([receipt])
    const read = client(AuditContentDefinition)
    const { items } = await read.getContent({ id: sealed.id }, await as(admin))
    expect(items).toEqual([
      {
        field: CommittedField.PROMPT,
        state: ContentState.ERASED,
        value: '',
        erasedBy: erase.id,
        erasedBySequence: receipt?.sequence,
      },
    ])
    expect(lines.join('')).not.toContain(member.userId)
  })
})

describe('retention', () => {
  test('is set and tried out by an admin, through the gateway', async () => {
    const admin = tenant()
    const retention = client(AuditRetentionDefinition)
    await client(AuditWriterDefinition).append(request(), await as(admin))
    const id = uuidv7()
    const months = { id, contentDays: 200, recordDays: 400 }
    const weeks = { id, contentDays: 30, recordDays: undefined }
    expect(await reasonOf(retention.setPolicy(weeks, await as(admin)))).toBe('INVALID_INPUT')
    const auditor = { ...admin, userRole: 'auditor' } as const
    expect(await reasonOf(retention.setPolicy(months, await as(auditor)))).toBe('FORBIDDEN')
    const nameless = { ...months, id: '' }
    expect(await reasonOf(retention.setPolicy(nameless, await as(admin)))).toBe('INVALID_INPUT')
    const state = {
      policy: { contentDays: 200, recordDays: 400, approvedBy: id },
      minimumIndex: 0n,
    }
    expect(await retention.setPolicy(months, await as(admin))).toEqual(state)
    expect(await retention.getPolicy({}, await as(auditor))).toEqual(state)
    expect(await retention.getPolicy({}, await as(tenant()))).toMatchObject({
      policy: { contentDays: undefined, recordDays: undefined, approvedBy: '' },
    })
    expect(await reasonOf(retention.apply({ dryRun: true }, await as(auditor)))).toBe('FORBIDDEN')
    expect(await retention.apply({ dryRun: true }, await as(admin))).toEqual({
      dryRun: true,
      contentRecords: 0n,
      contentFields: 0n,
      records: 0n,
      minimumIndex: 0n,
      heldBy: [],
    })
    const compliance = client(AuditRetentionDefinition, 'compliance')
    expect(await reasonOf(compliance.getPolicy({}, await as(admin)))).toBe('FORBIDDEN')
  })
})

describe('a chat whose gateway is gone', () => {
  test('is lost once its time and the grace are over, with one end over two replicas', async () => {
    const who = tenant()
    const second = await start()
    const chat = startedAt(formatMicros(systemClock.nowMicros() + 200_000n))
    const { receipt } = await client(AuditWriterDefinition).append(chat, await as(who))
    expect((await verify(who)).at(-1)).toMatchObject({ value: { valid: true, open: 1n } })
    const ends = async () =>
      client(AuditReaderDefinition).listEntries(
        { limit: 10, cursor: '', type: '', ref: chat.id },
        await as(who),
      )
    while ((await ends()).records.length === 0) await pause(100)
    await pause(1_500)
    await second[Symbol.asyncDispose]()
    const { records } = await ends()
    expect(records).toHaveLength(1)
    const envelope = JSON.parse(String(records[0]?.canonical)) as Record<string, unknown>
    expect(envelope).toMatchObject({
      type: 'chat.aborted',
      ref: chat.id,
      actor: { kind: 'system', via: 'internal' },
      attrs: { outcome: 'lost', tokens_out: 0 },
    })
    const graceEnd = formatMicros(systemClock.nowMicros() - 1_000_000n)
    expect(String(envelope['occurred_at']) < graceEnd).toBe(true)
    expect(String(envelope['occurred_at']) > String(receipt?.recordedAt)).toBe(true)
    expect((await verify(who)).at(-1)).toMatchObject({ value: { valid: true, open: 0n } })
  })
})

const get = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${audit.metricsPort}${path}`)
  return { status: response.status, text: await response.text() }
}

describe('operation', () => {
  test('is ready on a durable, migrated database', async () => {
    const { status, text } = await get('/readyz')
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({
      status: 'ready',
      checks: [
        { name: 'database' },
        { name: 'synchronous_commit', detail: 'on' },
        { name: 'schema' },
        { name: 'logs' },
      ],
    })
  })

  test('shows how long appends take, how large flushes are and how much waits', async () => {
    await client(AuditWriterDefinition).append(request(), await as(tenant()))
    const { text } = await get('/metrics')
    expect(text).toMatch(/lexcustis_audit_append_seconds_count\{service="audit"\} [1-9]/)
    expect(text).toMatch(/lexcustis_audit_batch_rows_count\{service="audit"\} [1-9]/)
    expect(text).toMatch(/lexcustis_audit_queue_records\{service="audit"\} 0/)
  })

  test('refuses to start where an acknowledged record could be lost', async () => {
    await database.superuser.query('ALTER ROLE lexcustis_audit SET synchronous_commit = off')
    try {
      await expect(start()).rejects.toThrow(/synchronous_commit is off/)
    } finally {
      await database.superuser.query('ALTER ROLE lexcustis_audit RESET synchronous_commit')
    }
  })

  test('a restart continues the chain, and what was asked before the stop is written', async () => {
    const who = tenant()
    const writer = client(AuditWriterDefinition)
    const context = await as(who)
    const pending = Array.from({ length: 50 }, async () => writer.append(request(), context))
    const settled = Promise.allSettled(pending)
    await pending[0]
    await audit[Symbol.asyncDispose]()
    const kept = (await settled).flatMap((each) =>
      each.status === 'fulfilled' ? each.value.receipt! : [],
    )
    audit = await start()
    for (const { entryId, entryHash } of kept) {
      const key = { $case: 'id' as const, value: entryId }
      const { record } = await client(AuditReaderDefinition).getEntry({ key }, await as(who))
      expect(record?.leaf).toEqual(entryHash)
    }
    const next = await client(AuditWriterDefinition).append(request(), await as(who))
    expect(next.receipt?.incarnation).toBe(kept[0]?.incarnation)
    expect((await verify(who)).at(-1)).toMatchObject({ value: { valid: true } })
  })
})

// Last: from here on the service is degraded.
describe('a log that differs from what was signed', () => {
  test('is checked to its end, degrades the service, and wakes somebody', async () => {
    const who = tenant()
    await client(AuditWriterDefinition).append(request(), await as(who))
    await vi.waitFor(async () => client(AuditReaderDefinition).getCheckpoint({}, await as(who)), {
      timeout: 5_000,
      interval: 50,
    })
    await database.superuser.transaction(async (tx) => {
      await tx.query('ALTER TABLE audit.audit_logs DISABLE TRIGGER USER')
      await tx.query(
        'DELETE FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number > 0',
        [who.organizationId],
      )
      await tx.query('ALTER TABLE audit.audit_logs ENABLE TRIGGER USER')
    })
    const events: string[] = []
    for await (const { event } of client(AuditReaderDefinition).verifyChain({}, await as(who))) {
      if (event?.$case === 'break') events.push(event.value.code)
      if (event?.$case === 'result') events.push(`valid ${event.value.valid}`)
    }
    expect(events).toEqual(['tail_missing', 'valid false'])
    const { status, text } = await get('/readyz')
    expect([status, JSON.parse(text)]).toMatchObject([200, { status: 'degraded' }])
    expect((await get('/metrics')).text).toMatch(
      /lexcustis_audit_diverged_organizations\{service="audit"\} 1/,
    )
    expect(lines.join('')).toContain('log differs from what was signed')
  })
})
