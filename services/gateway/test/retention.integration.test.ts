import { isUuidV7 } from '@lexcustis/core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Tenant, World } from './world.js'

const PATH = '/api/v1/audit/retention'

let world: World
let tenant: Tenant

beforeAll(async () => {
  world = await World.start()
  tenant = await world.createTenant()
})
beforeEach(() => {
  world.neighbours.retention.policies.clear()
  world.neighbours.retention.runs.length = 0
})
afterAll(async () => world[Symbol.asyncDispose]())

const put = async (body: object) => world.call('PUT', PATH, { token: tenant.admin.token, body })

test('an organisation that set nothing keeps everything', async () => {
  const { status, json } = await world.call('GET', PATH, { token: tenant.admin.token })
  expect(status).toBe(200)
  expect(json).toEqual({
    content_days: null,
    records_days: null,
    approved_by: null,
    minimum_index: '0',
  })
})

test.each([
  [184, 365],
  [200, null],
  [null, null],
])('content %s and records %s are set as they are', async (content_days, records_days) => {
  const { status, json } = await put({ content_days, records_days })
  expect(status).toBe(200)
  const policy = world.neighbours.retention.policies.get(tenant.id)
  expect(policy).toMatchObject({
    contentDays: content_days ?? undefined,
    recordDays: records_days ?? undefined,
  })
  expect(isUuidV7(policy?.approvedBy ?? '')).toBe(true)
  // As text: larger than a number of JSON holds.
  const minimum_index = '9007199254740992'
  const expected = { content_days, records_days, approved_by: policy?.approvedBy, minimum_index }
  expect(json).toEqual(expected)
  expect((await world.call('GET', PATH, { token: tenant.admin.token })).json).toEqual(expected)
})

test('too short a time is refused with the article that says so', async () => {
  const { status, json } = await put({ content_days: 183, records_days: null })
  expect(status).toBe(400)
  expect(json.detail).toContain('AI Act')
})

test.each([
  [{}, '/content_days'],
  [{ content_days: 200 }, '/records_days'],
  [{ content_days: '200', records_days: null }, '/content_days'],
  [{ content_days: 200.5, records_days: null }, '/content_days'],
  [{ content_days: -1, records_days: null }, '/content_days'],
  [{ content_days: null, records_days: null, force: true }, '/force'],
])('refuses %j', async (body, pointer) => {
  const { status, json } = await put(body)
  expect(status).toBe(400)
  expect(json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer)
  expect(world.neighbours.retention.policies.size).toBe(0)
})

test.each([true, false])('a run, dry: %s', async (dry_run) => {
  const { status, json } = await world.call('POST', `${PATH}/runs`, {
    token: tenant.admin.token,
    body: { dry_run },
  })
  expect(status).toBe(200)
  expect(json).toEqual({
    dry_run,
    content: { records: '7', fields: '9' },
    records: { count: '18014398509481984', minimum_index: '36028797018963968' },
    held: ['i-7'],
  })
  const [run] = world.neighbours.retention.runs
  expect(run).toMatchObject({
    dryRun: dry_run,
    tenant: { organizationId: tenant.id, userRole: 'admin' },
  })
})

test('a run says whether it is a dry one: nothing is deleted by leaving something out', async () => {
  const { status } = await world.call('POST', `${PATH}/runs`, {
    token: tenant.admin.token,
    body: {},
  })
  expect(status).toBe(400)
  expect(world.neighbours.retention.runs).toEqual([])
})
