import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, createLogger } from '@lexcustis/runtime'
import { createTestCertificates } from '@lexcustis/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startVaultServer, type VaultServer } from '../../test/vault-server.js'
import { newMasterKey } from '../key-commands.js'
import { readMasterKeyDocument } from './master-key-document.js'
import type { VaultSettings } from './vault-transit.js'
import { createVaultTransitMasterKeys } from './vault-transit-master-keys.js'

const TOKEN = 'hvs.CAESIJ-token-of-the-audit-service'
const first = randomBytes(32)
const second = randomBytes(32)

let vault: VaultServer
beforeEach(async () => {
  vault = await startVaultServer()
  vault.rotate('lexcustis')
  vault.allow(TOKEN, 'transit/decrypt/lexcustis', 'transit/datakey/wrapped/lexcustis')
})
afterEach(async () => vault[Symbol.asyncDispose]())

const settings = (changes: Partial<VaultSettings> = {}): VaultSettings => ({
  address: new URL(vault.address),
  token: TOKEN,
  key: 'lexcustis',
  ca: undefined,
  namespace: undefined,
  timeoutMs: 1_000,
  ...changes,
})

const sealed = (key: Buffer, name = 'lexcustis', namespace = ''): string =>
  vault.encrypt(name, key.toString('base64'), namespace)

const documentOf = (keys: Record<string, string>, current = 'mac-1') =>
  readMasterKeyDocument(JSON.stringify({ current, keys }), 'vault')

async function load(
  keys: Record<string, string>,
  changes?: Partial<VaultSettings>,
  current?: string,
) {
  return createVaultTransitMasterKeys(documentOf(keys, current), settings(changes)).load()
}

/** `<setting>: <problem>` of the one problem; fails when a secret shows in any way it may be shown. */
async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('was accepted'),
    (reason: unknown) => reason as Error,
  )
  const lines: string[] = [error.message, error.stack ?? '', JSON.stringify(error)]
  const destination = { write: (line: string) => void lines.push(line) }
  createLogger({ service: 'audit', destination }).fatal({ error }, 'crashed')
  for (const secret of [first, second]) {
    for (const encoding of ['base64', 'hex'] as const) {
      expect(lines.join('\n')).not.toContain(secret.toString(encoding).slice(0, 12))
    }
  }
  expect(lines.join('\n')).not.toContain(TOKEN.slice(0, 12))
  expect(lines.join('\n')).not.toContain('vault:v')
  if (!(error instanceof ConfigError)) throw error
  expect(error.problems).toHaveLength(1)
  return error.problems.map(({ name, problem }) => `${name}: ${problem}`).join()
}

describe('master keys in Vault', () => {
  test('are decrypted at start, whatever version of the transit key they are under', async () => {
    const old = sealed(first)
    vault.rotate('lexcustis')
    const renewed = sealed(second)
    expect([old.slice(0, 9), renewed.slice(0, 9)]).toEqual(['vault:v1:', 'vault:v2:'])
    const epochs = await load({ 'mac-1': old, 'mac-2': renewed }, {}, 'mac-2')
    expect(epochs.map(({ kid, key, state }) => ({ kid, key: key.export(), state }))).toEqual([
      { kid: 'mac-1', key: first, state: 'verify_only' },
      { kid: 'mac-2', key: second, state: 'current' },
    ])
    expect(vault.asked).toEqual(['transit/decrypt/lexcustis', 'transit/decrypt/lexcustis'])
  })

  test('in a namespace, and behind a path', async () => {
    vault.rotate('lexcustis', 'team/audit')
    const key = sealed(first, 'lexcustis', 'team/audit')
    const [epoch] = await load({ 'mac-1': key }, { namespace: 'team/audit' })
    expect(epoch!.key.export()).toEqual(first)
    const elsewhere = problemOf(load({ 'mac-1': key }, { namespace: 'team/other' }))
    expect(await elsewhere).toContain('in the namespace team/other')
    expect(await problemOf(load({ 'mac-1': key }))).toContain('does not decrypt (400)')
    await problemOf(load({ 'mac-1': key }, { address: new URL(`${vault.address}/behind/`) }))
    expect(vault.asked.at(-1)).toBe('/behind/v1/transit/decrypt/lexcustis'.replace('/v1/', ''))
  })

  test.each<[string, () => void, string]>([
    ['sealed', () => vault.seal(true), 'AUDIT_VAULT_ADDRESS: is sealed or under maintenance (503)'],
    ['a token without rights', () => vault.allow(TOKEN), 'AUDIT_VAULT_TOKEN_FILE: holds a token'],
    ['a policy for another path', () => vault.allow(TOKEN, 'kv/*'), 'AUDIT_VAULT_TOKEN_FILE'],
    [
      'a version that may not decrypt any more',
      () => {
        vault.rotate('lexcustis')
        vault.requireVersion('lexcustis', 2)
      },
      'AUDIT_MASTER_KEY_FILE: has for mac-1 what the transit key lexcustis does not decrypt (400)',
    ],
    [
      'nothing at the path',
      () => vault.intercept((response) => response.writeHead(404).end('{"errors":[]}')),
      'AUDIT_VAULT_KEY: names nothing',
    ],
    [
      'a quota',
      () => vault.intercept((response) => response.writeHead(429).end()),
      'AUDIT_VAULT_ADDRESS: answers that it has too much to do (429)',
    ],
    [
      'an error',
      () => vault.intercept((response) => response.writeHead(500).end(TOKEN)),
      'AUDIT_VAULT_ADDRESS: answers with status 500',
    ],
    [
      'a page instead of an answer',
      () => vault.intercept((response) => response.end(`<html>${TOKEN}</html>`)),
      'AUDIT_VAULT_ADDRESS: answered, but not as Vault does',
    ],
    [
      'JSON without data',
      () => vault.intercept((response) => response.end('{"data":null}')),
      'AUDIT_VAULT_ADDRESS: answered, but not as Vault does',
    ],
    [
      'an endless answer',
      () => vault.intercept((response) => response.end('x'.repeat(200_000))),
      'AUDIT_VAULT_ADDRESS: cannot be reached',
    ],
    [
      'an answer that breaks off',
      () =>
        vault.intercept((response) => {
          response.writeHead(200, { 'content-length': '100' }).write('{"data":')
          setTimeout(() => response.destroy(), 20)
        }),
      'AUDIT_VAULT_ADDRESS: cannot be reached (ECONNRESET)',
    ],
    ['silence', () => vault.intercept(() => undefined), 'did not answer within 1000 ms'],
    [
      'an answer that drips',
      () =>
        vault.intercept((response) => {
          response.writeHead(200)
          const drip = setInterval(() => response.write(' '), 50)
          response.on('close', () => clearInterval(drip))
        }),
      'did not answer within 1000 ms',
    ],
  ])('%s stops the start and says what to do', async (_, arrange, expected) => {
    const key = sealed(first)
    arrange()
    expect(await problemOf(load({ 'mac-1': key }))).toContain(expected)
  })

  test.each<[string, () => string]>([
    [
      'a ciphertext of another transit key',
      () => {
        vault.rotate('other')
        return sealed(first, 'other')
      },
    ],
    [
      'a ciphertext with one bit changed',
      () => {
        const [, , text] = sealed(first).split(':')
        const bytes = Buffer.from(text!, 'base64')
        bytes[20]! ^= 1
        return `vault:v1:${bytes.toString('base64')}`
      },
    ],
    ['a version that does not exist', () => sealed(first).replace(':v1:', ':v9:')],
  ])('%s is not a key', async (_, make) => {
    expect(await problemOf(load({ 'mac-1': make() }))).toContain('does not decrypt (400)')
  })

  test('of the wrong length, made up, or the same twice are refused', async () => {
    for (const key of [first.subarray(0, 31), Buffer.concat([first, second]), Buffer.alloc(32)]) {
      expect(await problemOf(load({ 'mac-1': sealed(key) }))).toMatch(
        /^AUDIT_MASTER_KEY_FILE: is wrong: mac-1/,
      )
    }
    const twice = { 'mac-1': sealed(first), 'mac-2': sealed(first) }
    expect(await problemOf(load(twice))).toContain('the same key as mac-1 and mac-2')
  })

  test('nobody there', async () => {
    const key = sealed(first)
    const address = new URL(vault.address)
    await vault[Symbol.asyncDispose]()
    const problem = problemOf(load({ 'mac-1': key }, { address }))
    expect(await problem).toBe('AUDIT_VAULT_ADDRESS: cannot be reached (ECONNREFUSED)')
    vault = await startVaultServer()
  })

  test('a redirect is not followed: the token goes nowhere else', async () => {
    const heard: unknown[] = []
    const thief = createServer((request, response) => {
      heard.push(request.headers['x-vault-token'])
      response.end('{}')
    }).listen(0, '127.0.0.1')
    await once(thief, 'listening')
    const location = `http://127.0.0.1:${(thief.address() as AddressInfo).port}/`
    const key = sealed(first)
    vault.intercept((response) => response.writeHead(307, { location }).end())
    expect(await problemOf(load({ 'mac-1': key }))).toContain('answers with status 307')
    thief.close()
    expect(heard).toEqual([])
  })
})

describe('over TLS', () => {
  let certificates: Awaited<ReturnType<typeof createTestCertificates>>
  let secure: VaultServer
  beforeAll(async () => {
    certificates = await createTestCertificates(['audit'])
    secure = await startVaultServer(certificates.identity('audit'))
    secure.rotate('lexcustis')
    secure.allow(TOKEN, 'transit/*')
  })
  afterAll(async () => secure[Symbol.asyncDispose]())

  test('the authority that is named vouches, and no other', async () => {
    const { port } = new URL(secure.address)
    // The test certificate names localhost as well.
    const address = new URL(`https://localhost:${port}`)
    const keys = { 'mac-1': secure.encrypt('lexcustis', first.toString('base64')) }
    const [epoch] = await load(keys, { address, ca: certificates.ca })
    expect(epoch!.key.export()).toEqual(first)
    const foreign = await createTestCertificates(['audit'])
    const before = secure.asked.length
    for (const ca of [undefined, foreign.ca]) {
      expect(await problemOf(load(keys, { address, ca }))).toContain('AUDIT_VAULT_CA_FILE')
    }
    expect(secure.asked).toHaveLength(before)
    // Plain HTTP to a TLS port, and TLS to a plain one.
    const confused = { address: new URL(`http://localhost:${port}`) }
    expect(await problemOf(load(keys, confused))).toContain('AUDIT_VAULT_ADDRESS')
    const plain = {
      address: new URL(vault.address.replace('http:', 'https:')),
      ca: certificates.ca,
    }
    expect(await problemOf(load(keys, plain))).toMatch(/AUDIT_VAULT_(?:ADDRESS|CA_FILE)/)
  })
})

describe('new-master-key --vault', () => {
  test('makes keys nobody has seen, and the service starts with them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lexcustis-vault-'))
    const [path, tokenFile] = [join(folder, 'master'), join(folder, 'token')]
    writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 })
    const env = {
      AUDIT_VAULT_ADDRESS: vault.address,
      AUDIT_VAULT_TOKEN_FILE: tokenFile,
      AUDIT_VAULT_KEY: 'lexcustis',
    }
    const said: string[] = []
    const output = {
      out: (line: string) => said.push(line),
      err: (line: string) => said.push(line),
    }
    const run = async (...args: string[]) => newMasterKey([path, '--vault', ...args], env, output)
    expect([await run(), await run(), await run('--activate')]).toEqual([0, 0, 0])
    expect(vault.asked).toEqual(Array(2).fill('transit/datakey/wrapped/lexcustis'))
    const text = readFileSync(path, 'utf8').trim()
    const document = readMasterKeyDocument(text, 'vault')
    const epochs = await createVaultTransitMasterKeys(document, settings()).load()
    expect(epochs.map(({ kid, state }) => `${kid} ${state}`)).toEqual([
      'mac-1 verify_only',
      'mac-2 current',
    ])
    for (const { key } of epochs) expect(text).not.toContain(key.export().toString('base64'))

    // What fails changes nothing.
    vault.seal(true)
    expect(await run()).toBe(1)
    expect(said.at(-1)).toContain('is sealed')
    vault.intercept((response) => response.end('{"data":{"ciphertext":"vault:v1:no"}}'))
    expect(await run()).toBe(1)
    expect(await newMasterKey([path], env, output)).toBe(1)
    expect(said.at(-1)).toContain('add --vault')
    expect(readFileSync(path, 'utf8').trim()).toBe(text)
    const plain = join(folder, 'plain')
    await newMasterKey([plain], env, output)
    expect(await newMasterKey([plain, '--vault'], env, output)).toBe(1)
    expect(said.at(-1)).toContain('in the clear')
    expect(said.join()).not.toContain(TOKEN)
  })
})
