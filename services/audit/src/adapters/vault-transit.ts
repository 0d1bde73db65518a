import { request as requestHttp } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import { ConfigError } from '@lexcustis/runtime'

/** Where HashiCorp Vault is and how to log in. */
export interface VaultSettings {
  /** With the scheme; a path before /v1 stays. */
  readonly address: URL
  readonly token: string
  /** Name of the transit key. */
  readonly key: string
  /** PEM of the authorities to trust instead of the usual ones. */
  readonly ca: string | undefined
  readonly namespace: string | undefined
  readonly timeoutMs?: number
}

/** Vault's transit engine at its usual place. Every method throws ConfigError. */
export interface VaultTransit {
  /** Base64 of what the ciphertext of a key id stands for. */
  decrypt(kid: string, ciphertext: string): Promise<unknown>
  /** A new data key of 256 bits, encrypted; nobody but Vault has seen it in the clear. */
  newDataKey(): Promise<unknown>
}

const TIMEOUT_MS = 10_000
/** Answers have a few hundred bytes. */
const MAX_ANSWER_BYTES = 65_536

/** https://developer.hashicorp.com/vault/api-docs/secret/transit */
export function createVaultTransit(settings: VaultSettings): VaultTransit {
  const { key } = settings
  return {
    decrypt: async (kid, ciphertext) => {
      const answer = await post(settings, `decrypt/${key}`, { ciphertext })
      if (answer.status !== 200) throw refused(answer.status, settings, kid)
      return dataOf(answer.body)['plaintext']
    },
    newDataKey: async () => {
      const answer = await post(settings, `datakey/wrapped/${key}`, { bits: 256 })
      if (answer.status !== 200) throw refused(answer.status, settings, 'a new key')
      return dataOf(answer.body)['ciphertext']
    },
  }
}

interface Answer {
  readonly status: number
  readonly body: string
}

/**
 * node:https rather than fetch: it trusts a given authority and follows no redirect, which would
 * carry the token to wherever it points.
 */
async function post(settings: VaultSettings, path: string, body: object): Promise<Answer> {
  const { address, ca, timeoutMs = TIMEOUT_MS } = settings
  const url = new URL(address)
  url.pathname = `${address.pathname.replace(/\/+$/, '')}/v1/transit/${path}`
  const payload = Buffer.from(JSON.stringify(body))
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    headers: headersOf(settings, payload),
    signal: AbortSignal.timeout(timeoutMs),
    ...(ca === undefined ? {} : { ca }),
  }
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const send = url.protocol === 'https:' ? requestHttps : requestHttp
      const sent = send(url, options, (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('error', reject)
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_ANSWER_BYTES) response.destroy(new Error('too large'))
          else chunks.push(chunk)
        })
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
          })
        })
      })
      sent.on('error', reject)
      sent.end(payload)
    })
  } catch (error) {
    throw unreachable(error, timeoutMs)
  }
}

function headersOf({ token, namespace }: VaultSettings, payload: Buffer): Record<string, string> {
  return {
    'content-type': 'application/json',
    'content-length': String(payload.length),
    'x-vault-request': 'true',
    'x-vault-token': token,
    ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
  }
}

function dataOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const { data } = JSON.parse(body) as { data?: unknown }
    if (typeof data === 'object' && data !== null) return data as Record<string, unknown>
  } catch {
    // Falls through: what answered is not Vault, and what it said is not repeated.
  }
  throw problem('ADDRESS', 'answered, but not as Vault does', 'give the address of Vault itself')
}

/** What each status means here; Vault's own words are not repeated, they may quote the request. */
function refused(status: number, { key, namespace }: VaultSettings, kid: string): ConfigError {
  const where = namespace === undefined ? '' : ` in the namespace ${namespace}`
  switch (status) {
    case 400:
      return new ConfigError([
        {
          name: 'AUDIT_MASTER_KEY_FILE',
          problem: `has for ${kid} what the transit key ${key}${where} does not decrypt (400)`,
          fix: 'check AUDIT_VAULT_KEY, that the key exists, and its min_decryption_version',
        },
      ])
    case 403:
      return problem(
        'TOKEN_FILE',
        `holds a token that is expired or may not use the transit key ${key}${where} (403)`,
        'renew it, or grant it update on transit/decrypt and, for new keys, transit/datakey/wrapped',
      )
    case 404:
      return problem(
        'KEY',
        `names nothing${where}: there is no transit engine or no such key (404)`,
        'check it, AUDIT_VAULT_NAMESPACE, and that the engine is enabled at transit/',
      )
    case 429:
      return problem('ADDRESS', 'answers that it has too much to do (429)', 'try again later')
    case 503:
      return problem(
        'ADDRESS',
        'is sealed or under maintenance (503)',
        'unseal Vault and start again',
      )
    default:
      return problem(
        'ADDRESS',
        `answers with status ${status}`,
        status >= 300 && status < 400 ? 'give the address it redirects to' : 'look into its log',
      )
  }
}

function unreachable(error: unknown, timeoutMs: number): ConfigError {
  const { code, name } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError') {
    return problem(
      'ADDRESS',
      `did not answer within ${timeoutMs} ms`,
      'check the network and Vault',
    )
  }
  if (typeof code === 'string' && /CERT|SIGNATURE|ISSUER|TLS|SSL/.test(code)) {
    const fix = 'give the authority that issued the certificate of Vault'
    return problem('CA_FILE', `does not vouch for what answers (${code})`, fix)
  }
  const reason = typeof code === 'string' ? ` (${code})` : ''
  return problem('ADDRESS', `cannot be reached${reason}`, 'check it, the network and Vault')
}

function problem(setting: string, text: string, fix: string): ConfigError {
  return new ConfigError([{ name: `AUDIT_VAULT_${setting}`, problem: text, fix }])
}
