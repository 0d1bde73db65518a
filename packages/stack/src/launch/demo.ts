import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { StackFailure } from '../failure.js'
import { writePrivateFile } from '@lexcustis/provision'
import type { Layout } from './layout.js'
import { OPERATOR_EMAIL } from './secrets.js'

const LOGIN_EMAIL = 'admin@demo.lexcustis.local'
const SLUG = 'demo'
/** All that a key can do but mint tokens for peer services. */
const DEMO_SCOPES = ['chat', 'documents', 'audit']
const TIMEOUT_MS = 15_000
const BUSY_WAIT_MS = 500
const BUSY_WAITS = 20

/** What a person needs to begin. */
export interface Demo {
  readonly login: {
    readonly email: string
    readonly password: string
    readonly organization_id: string
  }
  readonly operator: { readonly email: string; readonly password: string }
  readonly api_key: string
}

/** File whose presence says that the first start was finished. */
export function isFirstStartFinished(layout: Layout): boolean {
  return existsSync(layout.secret('demo.json'))
}

/**
 * Creates the demo organisation, its admin and an API key through the gateway at first start; later it
 * only reads what was kept. A first start that was cut short goes on where it stopped.
 */
export async function ensureDemo(url: string, layout: Layout): Promise<Demo> {
  const read = async (name: string): Promise<string> =>
    (await readFile(layout.secret(name), 'utf8')).trim()
  const login = { email: LOGIN_EMAIL, password: await read('login_password') }
  const operator = { email: OPERATOR_EMAIL, password: await read('operator_password') }
  if (!isFirstStartFinished(layout)) {
    const session = (await logIn(url, login)) ?? (await createOrganization(url, operator, login))
    const key = await post<{ key: string }>(
      url,
      '/api/v1/api-keys',
      { name: 'demo', scopes: DEMO_SCOPES },
      session.access_token,
    )
    await writePrivateFile(layout.secret('api_key'), `${key.key}\n`)
    const kept = { email: login.email, organization_id: session.organization.id }
    await writePrivateFile(layout.secret('demo.json'), `${JSON.stringify(kept)}\n`)
  }
  const kept = JSON.parse(await read('demo.json')) as { email: string; organization_id: string }
  return {
    login: { email: kept.email, password: login.password, organization_id: kept.organization_id },
    operator,
    api_key: await read('api_key'),
  }
}

interface Session {
  readonly access_token: string
  readonly organization: { readonly id: string }
}

interface Account {
  readonly email: string
  readonly password: string
}

async function logIn(url: string, account: Account): Promise<Session | undefined> {
  const response = await send(url, '/api/v1/auth/login', account)
  return response.ok ? ((await response.json()) as Session) : undefined
}

async function createOrganization(
  url: string,
  operator: Account,
  admin: Account,
): Promise<Session> {
  const { access_token } = await post<Session>(url, '/api/v1/auth/login', operator)
  const organization = { name: 'Demo organisation', slug: SLUG, admin }
  await post(url, '/api/v1/organizations', organization, access_token)
  return post<Session>(url, '/api/v1/auth/login', admin)
}

async function post<T>(url: string, path: string, body: unknown, token?: string): Promise<T> {
  let response = await send(url, path, body, token)
  // 503 means that nothing was done: a connection between two services may still be on its way up.
  for (let wait = 0; response.status === 503 && wait < BUSY_WAITS; wait += 1) {
    await new Promise((resolve) => setTimeout(resolve, BUSY_WAIT_MS))
    response = await send(url, path, body, token)
  }
  if (response.ok) return (await response.json()) as T
  const problem = (await response.json().catch(() => ({}))) as { detail?: string }
  throw new StackFailure(
    'CHILD_DIED',
    `The gateway refused to create the demo organisation (${path}: ${response.status} ${problem.detail ?? ''}); ` +
      'its log says why.',
    { child: 'gateway' },
  )
}

async function send(url: string, path: string, body: unknown, token?: string): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
}

/** A model that the OpenAI API offers right now, for the example line. */
export async function firstModel(url: string, apiKey: string): Promise<string> {
  const response = await fetch(`${url}/v1/models`, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const { data } = (await response.json().catch(() => ({}))) as { data?: { id: string }[] }
  return data?.[0]?.id ?? 'extractive'
}
