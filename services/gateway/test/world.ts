import { fileURLToPath } from 'node:url'
import { createLogger } from '@lexcustis/runtime'
import {
  createTestCertificates,
  createTestTenantKeys,
  startTestPostgres,
  type TestPostgres,
} from '@lexcustis/testing'
import { expect } from 'vitest'
import type { GatewayConfig, PrivateJwk } from '../src/config.js'
import { type RunningGateway, startGateway } from '../src/service.js'
import { Neighbours } from './neighbours.js'

export const OPERATOR = { email: 'operator@lexcustis.test', password: 'operator-password-1' }
export const PASSWORD = 'correct horse battery'

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url))
const UNLIMITED = 1_000_000

/** Every field that an answer of the API can have: which ones it has is what tests find out. */
export interface Body {
  readonly id: string
  readonly reason: string
  readonly request_id: string
  readonly detail: string
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[]
  readonly error: Readonly<Record<string, unknown>>
  readonly access_token: string
  readonly refresh_token: string
  readonly token: string
  readonly key: string
  readonly keys: readonly object[]
  readonly user: { readonly id: string; readonly email: string; readonly role: string }
  readonly organization: { readonly id: string } | null
  readonly admin: { readonly id: string }
  readonly items: readonly Item[]
  readonly next_cursor: string | null
  readonly provider: object
  readonly checks: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, object>>
}

export interface Item {
  readonly id: string
  readonly prefix: string
  readonly canonical: string
  readonly envelope: object
}

/** vitest's own matchers are of type any. */
export const aString: unknown = expect.any(String)
export const aNumber: unknown = expect.any(Number)
export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; empty when it is not JSON. */
  readonly json: Body
}

export interface CallOptions {
  readonly token?: string | undefined
  readonly body?: unknown
  readonly raw?: string | Uint8Array<ArrayBuffer> | FormData
  readonly headers?: Record<string, string>
}

interface Upload {
  readonly token: string
  readonly name?: string
  readonly content?: string | Buffer
}

/** An organisation with its admin signed in. */
export interface Tenant {
  readonly id: string
  readonly slug: string
  readonly admin: { readonly id: string; readonly email: string; readonly token: string }
}

/** A gateway with a real database and neighbours that it reaches over mutual TLS. */
export class World implements AsyncDisposable {
  #organizations = 0

  private constructor(
    readonly gateway: RunningGateway,
    readonly neighbours: Neighbours,
    readonly postgres: TestPostgres,
    readonly config: GatewayConfig,
    /** Every line the gateway logged. */
    readonly lines: readonly string[],
  ) {}

  static async start(overrides: Partial<GatewayConfig> = {}): Promise<World> {
    const postgres = await startTestPostgres()
    await postgres.migrate('identity', MIGRATIONS)
    const names = ['gateway', 'audit', 'compliance', 'rag', 'llm']
    const certificates = await createTestCertificates(names)
    const tenantKeys = await createTestTenantKeys()
    const neighbours = new Neighbours(certificates, tenantKeys)
    const lines: string[] = []
    const config: GatewayConfig = {
      listenHost: '127.0.0.1',
      listenPort: 0,
      metricsPort: 0,
      peers: await neighbours.start(),
      tls: certificates.identity('gateway'),
      accessKey: (await createTestTenantKeys()).privateJwk as PrivateJwk,
      tenantKey: tenantKeys.privateJwk as PrivateJwk,
      databaseUrl: postgres.url('gateway'),
      databaseMaxConnections: 5,
      redisUrl: undefined,
      bootstrapOperator: OPERATOR,
      dailyChatCap: 1_000,
      userLimit: { name: 'user', limit: UNLIMITED, windowSeconds: 60 },
      ipLimit: { name: 'ip', limit: UNLIMITED, windowSeconds: 60 },
      loginLimit: { name: 'login', limit: UNLIMITED, windowSeconds: 60 },
      chatMaxMs: 10_000,
      drainMs: 500,
      trustedProxies: [],
      logLevel: 'debug',
      ...overrides,
    }
    const destination = { write: (line: string) => void lines.push(line) }
    const log = createLogger({ service: 'gateway', level: 'debug', destination })
    return new World(await startGateway(config, log), neighbours, postgres, config, lines)
  }

  get url(): string {
    return `http://127.0.0.1:${this.gateway.port}`
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { token, body, raw, headers } = options
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined && raw === undefined ? {} : { body: raw ?? JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (isJson && text ? JSON.parse(text) : {}) as Body,
    }
  }

  async login(email: string, password = PASSWORD): Promise<Answer> {
    return this.call('POST', '/api/v1/auth/login', { body: { email, password } })
  }

  async operatorToken(): Promise<string> {
    return token(await this.login(OPERATOR.email, OPERATOR.password))
  }

  async createTenant(): Promise<Tenant> {
    const slug = `tenant-${++this.#organizations}`
    const email = `admin@${slug}.test`
    const created = await this.call('POST', '/api/v1/organizations', {
      token: await this.operatorToken(),
      body: { name: slug, slug, admin: { email, password: PASSWORD } },
    })
    if (created.status !== 201) throw new Error(created.text)
    const { id, admin } = created.json
    return { id, slug, admin: { id: admin.id, email, token: token(await this.login(email)) } }
  }

  /** A user of the organisation, signed in. */
  async createUser(tenant: Tenant, role: string): Promise<string> {
    const email = `${role}-${++this.#organizations}@${tenant.slug}.test`
    const created = await this.call('POST', '/api/v1/users', {
      token: tenant.admin.token,
      body: { email, password: PASSWORD, role },
    })
    if (created.status !== 201) throw new Error(created.text)
    return token(await this.login(email))
  }

  async createKey(
    tenant: Tenant,
    scopes?: readonly string[],
  ): Promise<{ id: string; key: string }> {
    const created = await this.call('POST', '/api/v1/api-keys', {
      token: tenant.admin.token,
      body: { name: 'test', ...(scopes ? { scopes } : {}) },
    })
    if (created.status !== 201) throw new Error(created.text)
    return created.json
  }

  async upload(path: string, options: Upload): Promise<Answer> {
    const form = new FormData()
    const content = options.content ?? '# Title\n\nSome text.'
    const blob = new Blob([typeof content === 'string' ? content : new Uint8Array(content)], {
      type: 'text/markdown',
    })
    form.append('file', blob, options.name ?? 'act.md')
    return this.call('POST', path, { token: options.token, raw: form })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.neighbours[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }
}

function token(session: Answer): string {
  const { access_token } = session.json
  if (!access_token) throw new Error(`no session: ${session.status} ${session.text}`)
  return access_token
}
