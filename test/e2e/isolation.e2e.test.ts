import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppError } from '@lexcustis/core'
import { type TenantContext, uuidv7 } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import { AuditReaderDefinition, AuditWriterDefinition } from '@lexcustis/proto/audit'
import { DocumentDefinition, type SearchAllRequest, SearchDefinition } from '@lexcustis/proto/rag'
import {
  createRpcClient,
  createTenantTokenSigner,
  deadlineIn,
  type Definition,
  type RpcClient,
} from '@lexcustis/rpc'
import { createTestTenantKeys, startStack, type TestStack } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, dataOf, type Receipt, textOf } from './client.js'

const PASSWORD = 'correct horse battery staple 9'

interface Organization {
  readonly id: string
  readonly admin: Client
  readonly document: string
  readonly receipt: Receipt
}

let stack: TestStack
let ours: Organization
let theirs: Organization

async function createOrganization(
  operator: Client,
  slug: string,
  secret: string,
): Promise<Organization> {
  const email = `admin@${slug}.example`
  const body = { name: slug, slug, admin: { email, password: PASSWORD } }
  const { id } = await operator.json<{ id: string }>('POST', '/api/v1/organizations', body)
  const admin = await Client.login(stack.ready.url, email, PASSWORD)
  const document = await admin.upload(
    `${slug}.md`,
    `# Plan\n\nThe secret codeword of this company is ${secret}.\n`,
  )
  await admin.waitReady(document.id)
  const receipt = dataOf<Receipt>(
    await admin.chatEvents('What is the secret codeword of this company?'),
    'receipt',
  )
  return { id, admin, document: document.id, receipt }
}

beforeAll(async () => {
  stack = await startStack({
    env: { GATEWAY_IP_REQUESTS_PER_MINUTE: '10000', GATEWAY_USER_REQUESTS_PER_MINUTE: '10000' },
  })
  const { email, password } = stack.ready.operator
  const operator = await Client.login(stack.ready.url, email, password)
  ours = await createOrganization(operator, 'alpha', 'marmalade')
  theirs = await createOrganization(operator, 'beta', 'xylophone')
}, 240_000)
afterAll(async () => stack[Symbol.asyncDispose](), 60_000)

const QUERY: SearchAllRequest = {
  query: 'codeword',
  limit: 8,
  documentIds: [],
  languages: [],
  datedFrom: undefined,
  datedBefore: undefined,
  organizationLimit: 0,
  sharedLimit: 0,
  documentLimit: 0,
}

describe('over HTTP', () => {
  test('the same question finds only one’s own passages', async () => {
    for (const [organization, own, foreign] of [
      [ours, 'marmalade', 'xylophone'],
      [theirs, 'xylophone', 'marmalade'],
    ] as const) {
      const events = await organization.admin.chatEvents(
        'What is the secret codeword of this company?',
      )
      expect(textOf(events)).toContain(own)
      expect(JSON.stringify(events)).not.toContain(foreign)
      expect(JSON.stringify(events)).not.toContain(
        organization === ours ? theirs.document : ours.document,
      )
    }
  })

  test('a foreign id answers exactly like an unknown one', async () => {
    const paths = [
      ['GET', '/api/v1/documents/ID', theirs.document],
      ['DELETE', '/api/v1/documents/ID', theirs.document],
      ['GET', '/api/v1/audit/entries/ID', theirs.receipt.entry_id],
      ['GET', '/api/v1/audit/entries/ID/content', theirs.receipt.entry_id],
    ] as const
    for (const [method, path, id] of paths) {
      const foreign = await ours.admin.request(method, path.replace('ID', id))
      const unknown = await ours.admin.request(method, path.replace('ID', uuidv7()))
      expect([path, foreign.status]).toEqual([path, 404])
      const strip = async (response: Response) => ({
        ...((await response.json()) as object),
        request_id: '',
      })
      expect(await strip(foreign)).toEqual(await strip(unknown))
    }
    const own = await theirs.admin.request('GET', `/api/v1/documents/${theirs.document}`)
    expect(own.status).toBe(200)
  })

  test('naming a foreign document or organisation changes nothing', async () => {
    const events = await ours.admin.chatEvents('What is the secret codeword?', {
      document_ids: [theirs.document],
    })
    expect(JSON.stringify(events)).not.toContain('xylophone')
    const smuggled = { messages: [{ role: 'user', content: 'x' }], organization_id: theirs.id }
    expect((await ours.admin.request('POST', '/api/v1/chat', smuggled)).status).toBe(400)
    const entries = await ours.admin.request(
      'GET',
      `/api/v1/audit/entries?organization_id=${theirs.id}`,
      undefined,
      {
        headers: { 'x-organization-id': theirs.id },
      },
    )
    expect(await entries.text()).not.toContain(theirs.id)
  })

  test('lists and logs hold only one’s own', async () => {
    for (const path of [
      '/api/v1/documents',
      '/api/v1/audit/entries',
      '/api/v1/users',
      '/api/v1/api-keys',
      '/api/v1/organization',
    ]) {
      const body = await (await ours.admin.request('GET', path)).text()
      expect([
        path,
        body.includes(theirs.id),
        body.includes(theirs.document),
        body.includes('beta'),
      ]).toEqual([path, false, false, false])
    }
  })

  test('the operator reads no tenant content', async () => {
    const { email, password } = stack.ready.operator
    const operator = await Client.login(stack.ready.url, email, password)
    for (const path of [
      '/api/v1/documents',
      '/api/v1/audit/entries',
      '/api/v1/audit/verify',
      '/api/v1/users',
    ]) {
      expect([path, (await operator.request('GET', path)).status]).toEqual([path, 403])
    }
    expect((await operator.chat('hello')).status).toBe(403)
  })
})

describe('over gRPC', () => {
  const tlsOf = (name: string) => {
    const read = (file: string) => readFileSync(join(stack.dataDir, 'certs', name, file), 'utf8')
    return { ca: read('ca.crt'), cert: read('tls.crt'), key: read('tls.key') }
  }
  const clientOf = <D extends Definition>(
    definition: D,
    peer: string,
    certificate: string,
  ): RpcClient<D> => {
    const port = stack.ready.services.find(({ name }) => name === peer)?.grpc_port
    return createRpcClient(definition, {
      address: `127.0.0.1:${port ?? 0}`,
      peer,
      tls: tlsOf(certificate),
    })
  }
  const forged = async (): Promise<string> => {
    const keys = await createTestTenantKeys()
    const sign = await createTenantTokenSigner(keys.privateJwk)
    const tenant: TenantContext = {
      organizationId: theirs.id,
      userId: uuidv7(),
      userRole: 'admin',
      kind: 'user',
      via: 'jwt',
    }
    return sign(tenant, 'rag')
  }
  const failure = async (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: unknown) => error as AppError,
    )

  test('a forged tenant token is refused, with nothing of the inside in the answer', async () => {
    const search = clientOf(SearchDefinition, 'rag', 'gateway')
    const context = { tenantToken: await forged(), deadline: deadlineIn(5_000) }
    const error = await failure(search.searchAll(QUERY, context))
    expect(error).toMatchObject({
      reason: 'UNAUTHENTICATED',
      message: 'the tenant token is not valid',
    })
  })

  test('another service’s certificate is refused by every service it is not listed for', async () => {
    const context = { deadline: deadlineIn(5_000) }
    const append = {
      id: uuidv7(),
      type: 'chat.started',
      occurredAt: '',
      ref: '',
      trace: '',
      attrsJson: '{}',
      content: [],
    }
    expect(
      await failure(clientOf(AuditWriterDefinition, 'audit', 'rag').append(append, context)),
    ).toMatchObject({ reason: 'FORBIDDEN' })
    expect(
      await failure(
        clientOf(AuditReaderDefinition, 'audit', 'llm').getEntry(
          { key: { $case: 'sequence', value: 0n } },
          context,
        ),
      ),
    ).toMatchObject({ reason: 'FORBIDDEN' })
    expect(
      await failure(
        clientOf(DocumentDefinition, 'rag', 'compliance').listDocuments(
          { limit: 1, cursor: '' },
          context,
        ),
      ),
    ).toMatchObject({ reason: 'FORBIDDEN' })
  })

  test('the right certificate without a token sees nothing', async () => {
    const error = await failure(
      clientOf(DocumentDefinition, 'rag', 'gateway').listDocuments(
        { limit: 1, cursor: '' },
        { deadline: deadlineIn(5_000) },
      ),
    )
    expect(error).toMatchObject({ reason: 'UNAUTHENTICATED' })
  })
})

describe('in SQL, as each role, without the application’s own filter', () => {
  const ROLES = [
    'lexcustis_gateway',
    'lexcustis_compliance',
    'lexcustis_rag',
    'lexcustis_llm',
    'lexcustis_audit',
    'lexcustis_audit_oversight',
    'lexcustis_audit_eraser',
  ]
  const urlOf = (role: string) =>
    readFileSync(join(stack.dataDir, 'secrets', `${role}_database_url`), 'utf8').trim()

  interface TenantTable {
    readonly schema: string
    readonly name: string
    readonly column: string
  }

  /** Every table or partition with an organisation in it, found in the catalogue: none can be forgotten. */
  async function tenantTables(): Promise<TenantTable[]> {
    await using admin = openDatabase({ url: urlOf('postgres'), name: 'test' })
    return await admin.query<TenantTable>(
      `SELECT n.nspname AS schema, c.relname AS name, a.attname AS column
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('identity', 'compliance', 'rag', 'llm', 'audit')
          AND (a.attname = 'organization_id' OR (n.nspname = 'identity' AND c.relname = 'organization' AND a.attname = 'id'))
        ORDER BY 1, 2`,
    )
  }

  test('every tenant table has row-level security enabled and forced', async () => {
    await using admin = openDatabase({ url: urlOf('postgres'), name: 'test' })
    const tables = await tenantTables()
    expect(tables.length).toBeGreaterThan(8)
    for (const { schema, name } of tables) {
      const [row] = await admin.query(
        'SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1::regclass',
        [`${schema}."${name}"`],
      )
      expect([schema, name, row]).toEqual([
        schema,
        name,
        { relrowsecurity: true, relforcerowsecurity: true },
      ])
    }
  })

  test.each(ROLES)('%s sees nothing without a tenant and only its own with one', async (role) => {
    await using database = openDatabase({ url: urlOf(role), name: 'test' })
    let readable = 0
    for (const { schema, name, column } of await tenantTables()) {
      const sql = `SELECT "${column}"::text AS org FROM ${schema}."${name}"`
      const bare = await database
        .query(sql)
        .catch((error: unknown) => (error as AppError).cause as { code: string })
      if (!Array.isArray(bare)) {
        expect([schema, name, bare.code]).toEqual([schema, name, '42501'])
        continue
      }
      readable += 1
      expect([schema, name, bare]).toEqual([schema, name, []])
      const rows = await database.tenant(ours.id, async (tx) => tx.query<{ org: string }>(sql))
      // What the operator shares with everyone is nobody's tenant row.
      expect([
        schema,
        name,
        [...new Set(rows.map(({ org }) => org))].filter((org) => org === theirs.id),
      ]).toEqual([schema, name, []])
    }
    expect(readable).toBeGreaterThan(0)
  })
})
