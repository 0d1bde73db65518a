import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/**
 * A server that speaks what we use of the API of HashiCorp Vault's transit engine, with its answers
 * and its form of ciphertexts: vault:v<version>:<base64(nonce ‖ ciphertext ‖ tag)>, AES-256-GCM.
 * https://developer.hashicorp.com/vault/api-docs/secret/transit
 */
export interface VaultServer extends AsyncDisposable {
  readonly address: string
  /** Paths that were asked for. */
  readonly asked: string[]
  /** Makes a new version of a transit key, the first one included. */
  rotate(key: string, namespace?: string): void
  encrypt(key: string, plaintext: string, namespace?: string): string
  /** Refuses what was encrypted with earlier versions (min_decryption_version). */
  requireVersion(key: string, version: number): void
  /** Which paths a token may update; a path may end in *. */
  allow(token: string, ...paths: string[]): void
  seal(isSealed: boolean): void
  /** Answers in place of Vault; undefined: as Vault. */
  intercept(answer: ((response: ServerResponse) => void) | undefined): void
}

interface TransitKey {
  readonly versions: Buffer[]
  minVersion: number
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

class VaultError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export async function startVaultServer(tls?: { cert: string; key: string }): Promise<VaultServer> {
  const keys = new Map<string, TransitKey>()
  const policies = new Map<string, string[]>()
  const asked: string[] = []
  let isSealed = false
  let interceptor: ((response: ServerResponse) => void) | undefined

  const keyOf = (name: string, namespace: string): TransitKey => {
    const key = keys.get(`${namespace}/${name}`)
    if (!key) throw new VaultError(400, 'encryption key not found')
    return key
  }

  const encrypt = (key: TransitKey, plaintext: string): string => {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', key.versions.at(-1)!, nonce)
    const text = [cipher.update(Buffer.from(plaintext, 'base64')), cipher.final()]
    const bytes = Buffer.concat([nonce, ...text, cipher.getAuthTag()])
    return `vault:v${key.versions.length}:${bytes.toString('base64')}`
  }

  const decrypt = (key: TransitKey, ciphertext: unknown): string => {
    const [, version, text] = /^vault:v(\d+):(.+)$/.exec(String(ciphertext)) ?? []
    if (version === undefined || text === undefined) {
      throw new VaultError(400, 'invalid ciphertext: no prefix')
    }
    const bytes = Buffer.from(text, 'base64')
    const master = key.versions[Number(version) - 1]
    if (!master) throw new VaultError(400, 'invalid ciphertext: version is too new')
    if (Number(version) < key.minVersion) {
      throw new VaultError(400, 'ciphertext or signature version is disallowed by policy (too old)')
    }
    try {
      const decipher = createDecipheriv('aes-256-gcm', master, bytes.subarray(0, NONCE_BYTES))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES)
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('base64')
    } catch {
      throw new VaultError(400, 'invalid ciphertext: unable to decrypt')
    }
  }

  const answer = async (request: IncomingMessage): Promise<object> => {
    const path = (request.url ?? '').replace('/v1/', '')
    asked.push(path)
    const namespace = String(request.headers['x-vault-namespace'] ?? '')
    const allowed = policies.get(String(request.headers['x-vault-token'])) ?? []
    if (isSealed) throw new VaultError(503, 'Vault is sealed')
    if (!allowed.some((rule) => matches(rule, path))) throw new VaultError(403, 'permission denied')
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const body = JSON.parse(text) as Record<string, unknown>
    const [engine, operation, name] = path.replace('datakey/wrapped', 'datakey').split('/')
    if (request.method !== 'POST') throw new VaultError(405, 'unsupported operation')
    if (engine !== 'transit' || !name) throw new VaultError(404, 'no handler for route')
    const key = keyOf(name, namespace)
    if (operation === 'decrypt') return { plaintext: decrypt(key, body['ciphertext']) }
    if (operation !== 'datakey') throw new VaultError(404, 'no handler for route')
    const dataKey = randomBytes(Number(body['bits'] ?? 256) / 8).toString('base64')
    return { ciphertext: encrypt(key, dataKey), key_version: key.versions.length }
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (interceptor) {
      interceptor(response)
      return
    }
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    answer(request).then(
      (data) => reply(200, { request_id: 'r', lease_id: '', renewable: false, data }),
      (error: unknown) => {
        const { status, message } = error instanceof VaultError ? error : new VaultError(500, 'bug')
        reply(status, { errors: [message] })
      },
    )
  }

  const server: Server = tls ? createHttpsServer(tls, handle) : createHttpServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    asked,
    rotate: (name, namespace = '') => {
      const key = keys.get(`${namespace}/${name}`) ?? { versions: [], minVersion: 1 }
      key.versions.push(randomBytes(32))
      keys.set(`${namespace}/${name}`, key)
    },
    encrypt: (name, plaintext, namespace = '') => encrypt(keyOf(name, namespace), plaintext),
    requireVersion: (name, version) => {
      keyOf(name, '').minVersion = version
    },
    allow: (token, ...paths) => void policies.set(token, paths),
    seal: (value) => {
      isSealed = value
    },
    intercept: (value) => {
      interceptor = value
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function matches(rule: string, path: string): boolean {
  return rule.endsWith('*') ? path.startsWith(rule.slice(0, -1)) : path === rule
}
