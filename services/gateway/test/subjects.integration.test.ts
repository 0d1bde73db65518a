import { AppError, isUuidV7, uuidv7 } from '@lexcustis/core'
import { CommittedField } from '@lexcustis/proto/audit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Tenant, World } from './world.js'

let world: World
let tenant: Tenant

beforeAll(async () => {
  world = await World.start()
  tenant = await world.createTenant()
})
beforeEach(() => {
  world.neighbours.failErasure = undefined
  world.neighbours.erasures.length = 0
})
afterAll(async () => world[Symbol.asyncDispose]())

const post = async (path: string, body: object, token = tenant.admin.token) =>
  world.call('POST', `/api/v1/subjects/${path}`, { token, body })

const basis = { legal_basis: 'GDPR Art. 17(1)(a)' }

test('an approval is made in the name of whoever agrees', async () => {
  const subject = uuidv7()
  const reviewer = await world.createUser(tenant, 'reviewer')
  const { status, json } = await post(
    `${subject}/erasure/approval`,
    { rationale: 'asked' },
    reviewer,
  )
  expect(status).toBe(201)
  const record = world.neighbours.last('oversight.decided')
  expect(json).toEqual({ approval: record?.id })
  expect(record).toMatchObject({
    attrs: { subjectId: subject, rationale: 'asked' },
    tenant: { organizationId: tenant.id, userRole: 'reviewer', kind: 'user' },
  })
})

test('an erasure is one call however often it is made, and reports what is elsewhere', async () => {
  const { key, id: keyId } = await world.createKey(tenant)
  expect(key).toBeDefined()
  const approved_by = uuidv7()
  const body = { ...basis, approved_by, fields: ['prompt', 'originals'] }
  const first = await post(`${tenant.admin.id}/erasure`, body)
  const again = await post(`${tenant.admin.id}/erasure`, body)
  expect(first.status).toBe(200)
  expect(again.json).toEqual(first.json)
  const [one, two] = world.neighbours.erasures
  expect(isUuidV7(one!.request.id)).toBe(true)
  expect(two!.request).toEqual(one!.request)
  expect(one!.request).toMatchObject({
    subjectId: tenant.admin.id,
    legalBasis: basis.legal_basis,
    approvedBy: approved_by,
    fields: [CommittedField.PROMPT, CommittedField.ORIGINALS],
    dryRun: false,
  })
  expect(first.json).toMatchObject({
    dry_run: false,
    receipts: [{ entry_id: one!.request.id, sequence: '41', entry_hash: '09'.repeat(32) }],
    erased_records: '2',
    erased_fields: '3',
    complete_after: '2026-12-28T10:15:30.123456Z',
    not_erased: {
      documents: ['d1'],
      copies: [{ incarnation: 'inc', sequence: '9' }],
      account: true,
      api_keys: [keyId],
    },
  })
  await post(`${tenant.admin.id}/erasure`, { ...body, approved_by: uuidv7() })
  expect(world.neighbours.erasures[2]!.request.id).not.toBe(one!.request.id)
})

test.each([{}, { dry_run: true }, { dry_run: true, approved_by: uuidv7() }])(
  'is a dry run with %j',
  async (body) => {
    const { status, json } = await post(`${uuidv7()}/erasure`, body)
    expect(status).toBe(200)
    expect(world.neighbours.erasures[0]!.request.dryRun).toBe(true)
    expect(json).toMatchObject({
      dry_run: true,
      receipts: [],
      held_by: ['i-1'],
      complete_after: null,
      not_erased: { account: false, api_keys: [] },
    })
  },
)

test.each([
  [{ approved_by: uuidv7() }, '/legal_basis'],
  [{ approved_by: uuidv7(), legal_basis: '  ' }, '/legal_basis'],
  [{ ...basis, approved_by: 'x' }, '/approved_by'],
  [{ ...basis, fields: [] }, '/fields'],
  [{ ...basis, fields: ['everything'] }, '/fields/0'],
  [{ ...basis, force: true }, ''],
])('refuses %j', async (body, pointer) => {
  const { status, json } = await post(`${uuidv7()}/erasure`, body)
  expect(status).toBe(400)
  expect(json.errors[0]?.pointer).toContain(pointer)
  expect(world.neighbours.erasures).toEqual([])
})

test('says which incident holds it, and knows no subject that is none', async () => {
  world.neighbours.failErasure = new AppError('CONFLICT', 'an open incident holds records: i-7')
  const held = await post(`${uuidv7()}/erasure`, { ...basis, approved_by: uuidv7() })
  expect(held).toMatchObject({
    status: 409,
    json: { detail: expect.stringContaining('i-7') as string },
  })
  expect((await post('nobody/erasure', {})).status).toBe(404)
  expect((await post('nobody/erasure/approval', {})).status).toBe(404)
})
