import { formatMicros, systemClock, uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../src/audit-log.js'
import {
  append,
  type AuditDatabase,
  input,
  reasonOf,
  startAuditDatabase,
} from './audit-database.js'
import { ErasureWorld, GONE, openTestErasure } from './erasure-world.js'

let database: AuditDatabase
let log: AuditLog
let world: ErasureWorld
const opened: ErasureWorld[] = []

function newWorld(): ErasureWorld {
  const made = ErasureWorld.open(database, log)
  opened.push(made)
  return made
}

beforeAll(async () => {
  database = await startAuditDatabase()
  log = database.open()
  world = newWorld()
})
afterAll(async () => {
  for (const { erasure } of opened) await erasure[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

describe('erasing a person', () => {
  test('removes content, key and mapping, says so in the chain, and leaves the chain valid', async () => {
    const [subject, bystander] = [uuidv7(), uuidv7()]
    const chats = [await world.chat(subject), await world.chat(subject)]
    const other = await world.chat(bystander)
    const pid = await world.pidOf(subject)
    expect(await world.left(pid)).toEqual({ fields: 6n, keys: 1n, mappings: 1n })
    const approval = await world.approve(subject)
    const request = world.request(subject, approval)

    const report = await world.erasure.erase(world.admin, request)

    expect(report).toMatchObject({ erasedRecords: 4n, erasedFields: 6n, isDryRun: false })
    const [receipt] = report.receipts
    expect(receipt?.id).toBe(request.id)
    expect(await world.attrsOf(request.id)).toEqual({
      seqs: [`${chats[0]!.start.sequence}-${chats[1]!.end.sequence}`],
      legal_basis: 'GDPR Art. 17(1)(a)',
      approved_by: approval,
    })
    expect(await world.left(pid)).toEqual(GONE)
    const due = BigInt(Date.parse(receipt!.recordedAt)) + 35n * 86_400_000n
    expect(report.completeAfter?.slice(0, 19)).toBe(formatMicros(due * 1000n).slice(0, 19))

    const erasedBy = { id: request.id, sequence: receipt!.sequence }
    expect(await world.content(chats[1]!.end.id)).toEqual([
      { field: 'response', value: undefined, erasedBy },
      { field: 'passages', value: undefined, erasedBy },
    ])
    expect(await world.content(other.start.id)).toEqual([
      { field: 'prompt', value: 'my secret', erasedBy: undefined },
    ])
    expect(await world.breaks()).toEqual([])
  })

  test('answers the same request again with the same report', async () => {
    const subject = uuidv7()
    await world.chat(subject)
    const request = world.request(subject, await world.approve(subject))
    const first = await world.erasure.erase(world.admin, request)
    expect(await world.erasure.erase(world.admin, request)).toEqual(first)
    // Another admin may finish it as well.
    expect(await world.erasure.erase(world.someone('admin'), request)).toEqual(first)
  })

  test('tells erased from missing', async () => {
    const { end } = await world.chat(uuidv7())
    await database.superuser.query(
      'DELETE FROM audit.audit_content WHERE organization_id = $1 AND sequence_number = $2',
      [world.org, end.sequence],
    )
    expect((await world.content(end.id)).map(({ value, erasedBy }) => [value, erasedBy])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
  })

  test('gives a person who comes back another pseudonym, which the erasure does not reach', async () => {
    const subject = uuidv7()
    await world.chat(subject)
    const old = await world.pidOf(subject)
    const request = world.request(subject, await world.approve(subject))
    await world.erasure.erase(world.admin, request)
    const { start } = await world.chat(subject, 'I am back')
    const pid = await world.pidOf(subject)
    expect(pid).not.toBe(old)
    await world.erasure.erase(world.admin, request)
    expect((await world.content(start.id))[0]?.value).toBe('I am back')
    expect(await world.left(pid)).toEqual({ fields: 3n, keys: 1n, mappings: 1n })
  })

  test('with fields erases these alone, of what was there, and keeps key and mapping', async () => {
    const subject = uuidv7()
    const { start, end } = await world.chat(subject)
    const pid = await world.pidOf(subject)
    const fields = ['passages', 'response', 'response'] as const
    const request = world.request(subject, await world.approve(subject), { fields: [...fields] })
    const report = await world.erasure.erase(world.admin, request)
    expect(report).toMatchObject({ erasedRecords: 1n, erasedFields: 2n })
    expect(await world.attrsOf(request.id)).toMatchObject({
      seqs: [String(end.sequence)],
      fields: ['response', 'passages'],
    })
    expect((await world.content(start.id))[0]?.value).toBe('my secret')
    expect(await world.left(pid)).toEqual({ fields: 1n, keys: 1n, mappings: 1n })

    const later = await world.chat(subject)
    expect(await world.erasure.erase(world.admin, request)).toEqual(report)
    expect((await world.content(later.end.id))[0]?.value).toBe('answer to my secret')
    expect(await world.pidOf(subject)).toBe(pid)
    expect(await world.breaks()).toEqual([])
  })

  test('of whom nothing but the pseudonym is there removes that', async () => {
    const subject = uuidv7()
    await world.record('settings.changed', { changed: ['name'] }, subject)
    const pid = await world.pidOf(subject)
    const request = world.request(subject, await world.approve(subject))
    const report = await world.erasure.erase(world.admin, request)
    expect(report).toMatchObject({ receipts: [], erasedRecords: 0n })
    expect(await world.left(pid)).toEqual(GONE)
    expect(await world.erasure.erase(world.admin, request)).toMatchObject({ erasedRecords: 0n })
  })

  test('leaves another organisation with the same subject untouched', async () => {
    const neighbour = newWorld()
    const subject = uuidv7()
    const { start } = await neighbour.chat(subject, 'of the neighbour')
    await world.chat(subject)
    const before = await neighbour.left(await neighbour.pidOf(subject))
    await world.erasure.erase(world.admin, world.request(subject, await world.approve(subject)))
    expect(await neighbour.left(await neighbour.pidOf(subject))).toEqual(before)
    expect((await neighbour.content(start.id))[0]?.value).toBe('of the neighbour')
    // An approval of one organisation does not exist in the other.
    const foreign = await neighbour.approve(subject)
    await world.chat(subject)
    const request = world.request(subject, foreign)
    expect(await reasonOf(world.erasure.erase(world.admin, request))).toBe('NOT_FOUND')
    expect(await neighbour.breaks()).toEqual([])
  })

  test('reports documents that the person added and copies given out, and erases neither', async () => {
    const subject = uuidv7()
    await world.record('dossier.exported', { kind: 'full' })
    await world.chat(subject)
    for (const document of ['kept', 'removed']) {
      await world.record('document.ingested', { document }, subject)
    }
    await world.record('document.ingested', { document: 'of-somebody-else' })
    await world.record('document.deleted', { document: 'removed' })
    const copy = await world.record('dossier.exported', { kind: 'full' })
    const request = world.request(subject, await world.approve(subject))
    const dry = await world.erasure.erase(world.admin, { ...request, isDryRun: true })
    const report = await world.erasure.erase(world.admin, request)
    for (const each of [dry, report]) {
      expect(each.documents).toEqual(['kept'])
      expect(each.copies.map(({ sequence }) => sequence)).toEqual([copy.sequence])
    }
  })
})

describe('a dry run', () => {
  test('counts, names what holds, and changes nothing', async () => {
    const subject = uuidv7()
    const { end } = await world.chat(subject)
    await world.record('incident.opened', { incident: 'i-dry', entries: [end.id] })
    const pid = await world.pidOf(subject)
    const { sequence } = await world.record('settings.changed', { changed: [] })
    const request = world.request(subject, '', { legalBasis: '' })
    const report = await world.erasure.erase(world.admin, request)
    expect(report).toMatchObject({
      receipts: [],
      erasedRecords: 2n,
      erasedFields: 3n,
      isDryRun: true,
      heldBy: ['i-dry'],
      completeAfter: undefined,
    })
    const only = { ...request, fields: ['passages' as const] }
    expect(await world.erasure.erase(world.admin, only)).toMatchObject({ erasedFields: 1n })
    expect(await world.left(pid)).toEqual({ fields: 3n, keys: 1n, mappings: 1n })
    expect((await world.record('settings.changed', { changed: [] })).sequence).toBe(sequence + 1n)
  })
})

describe('the second person', () => {
  test('is refused when it is the same one, and no approval is used up by that', async () => {
    const subject = uuidv7()
    await world.chat(subject)
    const own = await world.approve(subject, world.admin)
    const request = world.request(subject, own)
    expect(await reasonOf(world.erasure.erase(world.admin, request))).toBe('CONFLICT')
    expect((await world.erasure.erase(world.someone('admin'), request)).erasedRecords).toBe(2n)
  })

  test.each([
    ['a member', { userRole: 'member' }],
    ['an auditor', { userRole: 'auditor' }],
    ['an API key of an admin', { kind: 'api_key', via: 'api_key' }],
    ['an operator', { userRole: 'operator', kind: 'operator' }],
  ] as const)('cannot be %s', async (_, changes) => {
    const subject = uuidv7()
    await world.chat(subject)
    const somebody = { ...world.admin, ...changes }
    expect(await reasonOf(world.approve(subject, somebody))).toBe('FORBIDDEN')
    const request = world.request(subject, await world.approve(subject))
    expect(await reasonOf(world.erasure.erase(somebody, request))).toBe('FORBIDDEN')
  })

  test('agrees once: a repeated approval is the first one, and a used one is used', async () => {
    const [subject, other] = [uuidv7(), uuidv7()]
    await world.chat(subject)
    await world.chat(other)
    const agree = { id: uuidv7(), subjectId: subject, rationale: '' }
    const first = await world.erasure.approve(world.reviewer, agree)
    expect(await world.erasure.approve(world.reviewer, agree)).toEqual(first)
    for (const [who, what] of [
      [world.reviewer, { ...agree, subjectId: other }],
      [world.admin, agree],
    ] as const) {
      expect(await reasonOf(world.erasure.approve(who, what))).toBe('CONFLICT')
    }
    const once = world.request(subject, first.id, { fields: ['prompt'] })
    await world.erasure.erase(world.admin, once)
    const again = { ...once, id: uuidv7(), fields: undefined }
    await expect(world.erasure.erase(world.admin, again)).rejects.toMatchObject({
      reason: 'CONFLICT',
      message: 'this approval was used before',
    })
    // Nor can the same request grow.
    const grown = { ...once, fields: undefined }
    expect(await reasonOf(world.erasure.erase(world.admin, grown))).toBe('CONFLICT')
    expect((await world.left(await world.pidOf(subject)))?.fields).toBe(2n)
  })

  test('must mean this person, and an erasure', async () => {
    const [subject, other] = [uuidv7(), uuidv7()]
    const { end } = await world.chat(subject)
    await world.chat(other)
    const attempt = async (approvedBy: string) =>
      reasonOf(world.erasure.erase(world.admin, world.request(subject, approvedBy)))
    expect(await attempt(await world.approve(other))).toBe('INVALID_INPUT')
    expect(await attempt(end.id)).toBe('INVALID_INPUT')
    const { id } = await world.record('oversight.decided', { decision: 'accept' })
    expect(await attempt(id)).toBe('INVALID_INPUT')
    const pid = await world.pidOf(subject)
    const no = { decision: 'reject', purpose: 'erasure', subject: pid }
    const refusal = await world.record('oversight.decided', no, world.reviewer.userId)
    expect(await attempt(refusal.id)).toBe('INVALID_INPUT')
    expect(await attempt(uuidv7())).toBe('NOT_FOUND')
    expect(await attempt('not an id')).toBe('INVALID_INPUT')
    expect(await reasonOf(world.approve(uuidv7()))).toBe('NOT_FOUND')
    expect(await world.left(pid)).toMatchObject({ fields: 3n })
  })

  test('is asked again after 30 days, unless the erasure began before', async () => {
    const [late, begun] = [uuidv7(), uuidv7()]
    for (const subject of [late, begun]) await world.chat(subject)
    const requests = [
      world.request(late, await world.approve(late)),
      world.request(begun, await world.approve(begun)),
    ] as const
    await using dying = openTestErasure(database, log, (deps) => ({
      ...deps,
      eraser: { ...deps.eraser, forgetSubject: async () => Promise.reject(new Error('killed')) },
    }))
    await expect(dying.erase(world.admin, requests[1])).rejects.toThrow('killed')
    const clock = { nowMicros: () => systemClock.nowMicros() + 31n * 86_400_000_000n }
    await using future = openTestErasure(database, log, (deps) => ({ ...deps, clock }))
    await expect(future.erase(world.admin, requests[0])).rejects.toMatchObject({
      reason: 'CONFLICT',
      message: 'the approval is older than 30 days',
    })
    expect((await future.erase(world.admin, requests[1])).erasedRecords).toBe(2n)
  })

  test('is needed once per erasure, also by two that name the approval at the same moment', async () => {
    const subject = uuidv7()
    for (let count = 0; count < 5; count += 1) await world.chat(subject)
    const approval = await world.approve(subject)
    const fields = ['prompt' as const]
    const attempts = [1, 2, 3, 4].map(async (n) =>
      reasonOf(
        world.erasure.erase(
          world.admin,
          world.request(subject, approval, n % 2 === 0 ? { fields } : {}),
        ),
      ),
    )
    expect((await Promise.all(attempts)).sort()).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT', 'OK'])
    expect(await world.breaks()).toEqual([])
  })
})

describe('an open incident', () => {
  test.each([
    ['the record itself', 'end'],
    ['the other record of its chat', 'start'],
  ] as const)('that names %s holds everything of the person', async (_, which) => {
    const subject = uuidv7()
    const chat = await world.chat(subject)
    await world.chat(subject)
    const pid = await world.pidOf(subject)
    const incident = `i-${which}`
    const fields = which === 'end' ? undefined : ['response' as const]
    await world.record('incident.opened', { incident, entries: [chat[which].id] })
    const request = world.request(subject, await world.approve(subject), { fields })
    await expect(world.erasure.erase(world.admin, request)).rejects.toMatchObject({
      reason: 'CONFLICT',
      message: expect.stringContaining(incident) as string,
    })
    expect(await world.left(pid)).toEqual({ fields: 6n, keys: 1n, mappings: 1n })
    expect(await reasonOf(world.attrsOf(request.id))).toBe('NOT_FOUND')

    // A change keeps it open and adds what it holds; another incident's end does not end it.
    await world.record('incident.changed', { incident, changed: ['category'] })
    await world.record('incident.closed', { incident: 'another' })
    expect(await reasonOf(world.erasure.erase(world.admin, request))).toBe('CONFLICT')

    await world.record('incident.closed', { incident })
    await world.record('incident.changed', { incident, entries: [chat.end.id] })
    expect((await world.erasure.erase(world.admin, request)).erasedRecords).toBeGreaterThan(0n)
  })

  test('holds what is added to it later, and what it is opened for again', async () => {
    const subject = uuidv7()
    const { start } = await world.chat(subject)
    const incident = 'i-later'
    await world.record('incident.opened', { incident })
    await world.record('incident.changed', { incident, entries: [start.id] })
    const request = world.request(subject, await world.approve(subject))
    expect(await reasonOf(world.erasure.erase(world.admin, request))).toBe('CONFLICT')
    await world.record('incident.closed', { incident })
    await world.record('incident.opened', { incident, entries: [start.id] })
    expect(await reasonOf(world.erasure.erase(world.admin, request))).toBe('CONFLICT')
    await world.record('incident.closed', { incident })
    expect(await reasonOf(world.erasure.erase(world.admin, request))).toBe('OK')
  })

  test('that names somebody else’s record holds nothing here', async () => {
    const [subject, other] = [uuidv7(), uuidv7()]
    await world.chat(subject)
    const { end } = await world.chat(other)
    const entries = [end.id, uuidv7()]
    await world.record('incident.opened', { incident: 'i-other', entries })
    const request = world.request(subject, await world.approve(subject))
    expect(await reasonOf(world.erasure.erase(world.admin, request))).toBe('OK')
  })

  test('opened after the authorisation keeps what is not deleted yet, until it is closed', async () => {
    const subject = uuidv7()
    const { end } = await world.chat(subject)
    const pid = await world.pidOf(subject)
    await using racing = openTestErasure(database, log, (deps) => ({
      ...deps,
      eraser: {
        ...deps.eraser,
        forgetSubject: async (org, whose) => {
          await world.record('incident.opened', { incident: 'i-race', entries: [end.id] })
          await deps.eraser.forgetSubject(org, whose)
        },
      },
    }))
    const request = world.request(subject, await world.approve(subject))
    expect(await reasonOf(racing.erase(world.admin, request))).toBe('CONFLICT')
    expect(await world.left(pid)).toMatchObject({ fields: 3n, keys: 1n })
    // Held, but not to be looked at any more.
    expect((await world.content(end.id))[0]).toMatchObject({ value: undefined })
    await world.record('incident.closed', { incident: 'i-race' })
    expect((await world.erasure.erase(world.admin, request)).erasedRecords).toBe(2n)
    expect(await world.left(pid)).toEqual(GONE)
  })
})

test('people and keys in attributes appear under the pseudonym of their own acts', async () => {
  const [user, key, next] = [uuidv7(), uuidv7(), uuidv7()]
  const given = input({ type: 'user.created', attrsJson: `{"role":"member","user":"${user}"}` })
  const made = await append(log, world.org, given)
  const again = await append(log, world.org, given)
  expect(again).toEqual({ ...made, isDuplicate: true })
  const pid = await world.pidOf(user)
  expect(await world.attrsOf(made.receipt.id)).toEqual({ role: 'member', user: pid })
  const other = { ...given, attrsJson: given.attrsJson.replace(user, uuidv7()) }
  expect(await reasonOf(append(log, world.org, other))).toBe('CONFLICT')

  const created = await world.record('apikey.created', { key, scopes: [] })
  const rotated = await world.record('apikey.rotated', { key, replaced_by: next })
  expect(await world.attrsOf(created.id)).toMatchObject({ key: await world.pidOf(key) })
  expect(await world.attrsOf(rotated.id)).toEqual({
    key: await world.pidOf(key),
    replaced_by: await world.pidOf(next),
  })

  const { start } = await world.chat(user)
  const { canonical } = await log.entries.get(world.org, { id: start.id })
  expect(canonical.toString()).toContain(`"pid":"${pid}"`)
  await world.erasure.erase(world.admin, world.request(user, await world.approve(user)))
  const traces = await database.superuser.query(
    `SELECT sequence_number FROM audit.audit_logs
     WHERE organization_id = $1 AND position($2 IN encode(canonical, 'escape')) > 0`,
    [world.org, user],
  )
  expect(traces).toEqual([])
  expect(await world.breaks()).toEqual([])
})

test('content of an earlier incarnation is erased by a record of the present one that names it', async () => {
  await using own = await startAuditDatabase()
  const before = own.open()
  const subject = uuidv7()
  const old = ErasureWorld.open(own, before)
  const first = await old.chat(subject)
  await before.checkpoints.signWaiting()
  const restore = await own.postgres.backUp()
  await old.chat(subject)
  await before.checkpoints.signWaiting()
  await restore()
  await own.open().restart(old.org)

  const after = own.open()
  const present = new ErasureWorld(own, after, openTestErasure(own, after))
  Object.assign(present, { org: old.org, admin: old.admin, reviewer: old.reviewer })
  const second = await present.chat(subject)
  const pid = await present.pidOf(subject)
  const request = present.request(subject, await present.approve(subject))
  const { receipts, erasedRecords, erasedFields } = await present.erasure.erase(
    present.admin,
    request,
  )
  expect([receipts.length, erasedRecords, erasedFields]).toEqual([2, 4n, 6n])
  expect(await present.attrsOf(receipts[0]!.id)).toMatchObject({
    inc: first.start.incarnation,
    seqs: [`${first.start.sequence}-${first.end.sequence}`],
  })
  expect(await present.attrsOf(receipts[1]!.id)).not.toHaveProperty('inc')
  expect(await present.left(pid)).toEqual(GONE)
  expect((await present.content(first.start.id))[0]?.erasedBy?.id).toBe(receipts[0]!.id)
  expect((await present.content(second.start.id))[0]?.erasedBy?.id).toBe(receipts[1]!.id)
  expect(await present.breaks()).toEqual([])
  for (const { erasure } of [old, present]) await erasure[Symbol.asyncDispose]()
})
