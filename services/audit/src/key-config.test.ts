import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  verify,
} from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, type Profile } from '@lexcustis/runtime'
import { describe, expect, test } from 'vitest'
import { generateSigningKey } from './adapters/file-signing-keys.js'
import { exposureOf } from './adapters/key-file.js'
import { type KeyConfig, readKeyConfig, readVaultConfig } from './key-config.js'

const folder = mkdtempSync(join(tmpdir(), 'lexcustis-key-config-'))
let files = 0
function file(text: string, mode = 0o600): string {
  files += 1
  const path = join(folder, `file-${files}`)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
const keySet = JSON.stringify({ current: 'mac-2', keys: { 'mac-1': one, 'mac-2': two } })
const signing = generateSigningKey()
const previous = generateSigningKey()
const TOKEN = 'hvs.secret-token-0123456789'

const complete = {
  AUDIT_MASTER_KEY_FILE: file(`${one}\n`),
  AUDIT_SIGNING_KEY_FILE: file(signing.pem),
}
const ciphertext = `vault:v1:${randomBytes(60).toString('base64')}`
const inVault = {
  ...complete,
  AUDIT_MASTER_KEY_PROVIDER: 'vault',
  AUDIT_MASTER_KEY_FILE: file(JSON.stringify({ current: 'mac-1', keys: { 'mac-1': ciphertext } })),
  AUDIT_VAULT_ADDRESS: 'https://vault.example.eu:8200',
  AUDIT_VAULT_TOKEN_FILE: file(TOKEN),
  AUDIT_VAULT_KEY: 'lexcustis',
}

type Changes = Readonly<Record<string, string | undefined>>

const read = (changes: Changes = {}, profile: Profile = 'production'): KeyConfig =>
  readKeyConfig({ ...complete, ...changes }, profile)

/** Lines of the error, which holds no secret. */
function problemsOf(changes: Changes, profile: Profile = 'production'): string[] {
  try {
    read(changes, profile)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const shown = `${error.message}${JSON.stringify(error)}${error.stack ?? ''}`
    const pem = (text: string) => text.split('\n')[1]!
    for (const secret of [one, two, TOKEN, ciphertext, pem(signing.pem), pem(previous.pem)]) {
      expect(shown).not.toContain(secret.slice(-24))
    }
    return error.problems.map(({ name, problem, fix }) => {
      expect(fix).not.toBe('')
      return `${name}: ${problem}`
    })
  }
  return []
}

const kids = async ({ masterKeys }: KeyConfig) =>
  (await masterKeys.load()).map(({ kid, state }) => `${kid} ${state}`)

describe('master keys', () => {
  test('are one key in a file, or a set', async () => {
    expect(await kids(read())).toEqual(['mac-1 current'])
    const rotated = read({ AUDIT_MASTER_KEY_FILE: file(keySet) })
    expect(await kids(rotated)).toEqual(['mac-1 verify_only', 'mac-2 current'])
    expect(rotated.keyWarnings).toEqual([])
  })

  test('in the environment are refused in production, and warned about elsewhere', async () => {
    for (const value of [one, keySet]) {
      const env = {
        AUDIT_MASTER_KEY_PROVIDER: 'environment',
        AUDIT_MASTER_KEY: value,
        AUDIT_MASTER_KEY_FILE: undefined,
      }
      expect(problemsOf(env)).toEqual([expect.stringContaining('AUDIT_MASTER_KEY: would hold')])
      const config = read(env, 'embedded')
      expect(config.keyWarnings).toEqual([
        { name: 'AUDIT_MASTER_KEY', problem: 'holds the master key in the environment' },
      ])
      expect(await config.masterKeys.load()).toHaveLength(value === one ? 1 : 2)
      expect(JSON.stringify(config.keyWarnings)).not.toContain(value)
    }
  })

  test('are in one place: a variable that would not count is a problem', () => {
    expect(problemsOf({ AUDIT_MASTER_KEY: one }, 'embedded')).toEqual([
      'AUDIT_MASTER_KEY: is set, but the provider of the key is another one',
    ])
    expect(problemsOf({ AUDIT_MASTER_KEY_PROVIDER: 'env' })).toEqual([
      'AUDIT_MASTER_KEY_PROVIDER: is none of the providers',
    ])
    expect(problemsOf({ AUDIT_MASTER_KEY_PROVIDER: 'environment' })).toEqual([
      'AUDIT_MASTER_KEY: is not set',
    ])
  })
})

describe('files of keys', () => {
  const NAMES = [
    'AUDIT_MASTER_KEY_FILE',
    'AUDIT_SIGNING_KEY_FILE',
    'AUDIT_SIGNING_KEY_PREVIOUS_FILE',
  ]
  const texts: Record<string, string> = {
    AUDIT_MASTER_KEY_FILE: keySet,
    AUDIT_SIGNING_KEY_FILE: signing.pem,
    AUDIT_SIGNING_KEY_PREVIOUS_FILE: previous.pem,
  }

  test.each(
    NAMES.flatMap((name) => [0o640, 0o604, 0o660, 0o644, 0o777].map((mode) => ({ name, mode }))),
  )(
    '$name that others may use is refused in production and warned about elsewhere ($mode)',
    ({ name, mode }) => {
      const changes = { [name]: file(texts[name]!, mode) }
      const [problem, ...others] = problemsOf(changes)
      expect(others).toEqual([])
      expect(problem).toMatch(new RegExp(`^${name}: can be used by `))
      expect(read(changes, 'embedded').keyWarnings).toEqual([
        { name, problem: problem!.slice(name.length + 2) },
      ])
    },
  )

  test('of somebody else may come through the group, as in a container', () => {
    const stranger = (process.geteuid?.() ?? 0) + 1
    expect(exposureOf({ uid: stranger, mode: 0o100440 })).toBeUndefined()
    expect(exposureOf({ uid: stranger, mode: 0o100640 })).toBeUndefined()
    expect(exposureOf({ uid: stranger, mode: 0o100660 })).toContain('group')
    expect(exposureOf({ uid: stranger, mode: 0o100444 })).toContain('every user')
  })

  test('are followed through a link, and judged by what it points to', () => {
    const link = join(folder, 'link')
    symlinkSync(file(one, 0o644), link)
    expect(problemsOf({ AUDIT_MASTER_KEY_FILE: link })).toHaveLength(1)
  })

  test('that cannot be used are named, each with its reason', () => {
    mkdirSync(join(folder, 'directory'))
    expect(
      problemsOf({
        AUDIT_MASTER_KEY_FILE: '/does/not/exist',
        AUDIT_SIGNING_KEY_FILE: join(folder, 'directory'),
        AUDIT_SIGNING_KEY_PREVIOUS_FILE: file(' \n'),
      }),
    ).toEqual([
      'AUDIT_MASTER_KEY_FILE: cannot be used (ENOENT)',
      'AUDIT_SIGNING_KEY_FILE: is not a file',
      'AUDIT_SIGNING_KEY_PREVIOUS_FILE: is empty',
    ])
    expect(problemsOf({ AUDIT_MASTER_KEY_FILE: file('x'.repeat(70_000)) })).toEqual([
      'AUDIT_MASTER_KEY_FILE: is too large for keys',
    ])
    expect(problemsOf({ AUDIT_MASTER_KEY_FILE: '/dev/zero' })).toEqual([
      'AUDIT_MASTER_KEY_FILE: is not a file',
    ])
    expect(problemsOf({ AUDIT_MASTER_KEY_FILE: undefined, AUDIT_SIGNING_KEY_FILE: '' })).toEqual([
      'AUDIT_MASTER_KEY_FILE: is not set',
      'AUDIT_SIGNING_KEY_FILE: is empty',
    ])
  })
})

describe('signing keys', () => {
  test('sign as anybody can check with the public half alone', () => {
    const { signingKeys } = read({ AUDIT_SIGNING_KEY_PREVIOUS_FILE: file(previous.pem) })
    const message = Buffer.from('lexcustis.local/org/inc\n1\nroot\n')
    for (const [key, { pem, publicKey }] of [
      [signingKeys.current, signing],
      [signingKeys.previous!, previous],
    ] as const) {
      expect(key.publicKey).toEqual(publicKey)
      expect(key.publicKey).toHaveLength(32)
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.publicKey.toString('base64url') }
      const publicOnly = createPublicKey({ key: jwk, format: 'jwk' })
      expect(verify(null, message, publicOnly, key.sign(message))).toBe(true)
      expect(verify(null, Buffer.from('another'), publicOnly, key.sign(message))).toBe(false)
      expect(key.sign(message)).toEqual(key.sign(message))
      expect(createPublicKey(createPrivateKey(pem)).equals(publicOnly)).toBe(true)
    }
    expect(read().signingKeys.previous).toBeUndefined()
  })

  test('RFC 8032, section 7.1, test 2: the vector', () => {
    const seed = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex').toString('base64')
    const pem = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`
    const { current } = read({ AUDIT_SIGNING_KEY_FILE: file(pem) }).signingKeys
    expect(current.publicKey.toString('hex')).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    )
    expect(current.sign(Buffer.from([0x72])).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
  const ed25519 = generateKeyPairSync('ed25519')
  test.each<[string, string]>([
    ['the public half', ed25519.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pkcs8).toString(),
    ],
    ['an X25519 key', generateKeyPairSync('x25519').privateKey.export(pkcs8).toString()],
    ['an Ed448 key', generateKeyPairSync('ed448').privateKey.export(pkcs8).toString()],
    [
      'a P-256 key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8).toString(),
    ],
    [
      'an encrypted key',
      ed25519.privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    ],
    ['two keys', signing.pem + previous.pem],
    ['something before it', `key:\n${signing.pem}`],
    ['half a key', signing.pem.replace(/.{20}\n-----END/, '\n-----END')],
    ['a JWK', JSON.stringify(ed25519.privateKey.export({ format: 'jwk' }))],
    ['a master key', one],
  ])('are not %s', (_, text) => {
    const path = file(text)
    const [problem, ...others] = problemsOf({ AUDIT_SIGNING_KEY_FILE: path })
    expect(problem).toMatch(/^AUDIT_SIGNING_KEY_FILE: is not /)
    expect(others).toEqual([])
    expect(problemsOf({ AUDIT_SIGNING_KEY_PREVIOUS_FILE: path })).toHaveLength(1)
  })

  test('are two different ones', () => {
    expect(problemsOf({ AUDIT_SIGNING_KEY_PREVIOUS_FILE: file(signing.pem) })).toEqual([
      'AUDIT_SIGNING_KEY_PREVIOUS_FILE: names the key that is in use',
    ])
  })
})

describe('settings of Vault', () => {
  test('are read, with and without what is optional', () => {
    expect(problemsOf(inVault)).toEqual([])
    expect(readVaultConfig(inVault, 'production')).toEqual({
      address: new URL('https://vault.example.eu:8200'),
      token: TOKEN,
      key: 'lexcustis',
      ca: undefined,
      namespace: undefined,
    })
    const ca = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----'
    const more = { AUDIT_VAULT_NAMESPACE: 'team/audit', AUDIT_VAULT_CA_FILE: file(ca, 0o644) }
    expect(readVaultConfig({ ...inVault, ...more }, 'production')).toMatchObject({
      namespace: 'team/audit',
      ca,
    })
  })

  test.each<[Changes, string]>([
    [{ AUDIT_VAULT_ADDRESS: 'vault:8200' }, 'AUDIT_VAULT_ADDRESS: is not an https:// address'],
    [{ AUDIT_VAULT_ADDRESS: 'vault' }, 'AUDIT_VAULT_ADDRESS: is not a URL'],
    [{ AUDIT_VAULT_ADDRESS: `https://x:${TOKEN}@v` }, 'AUDIT_VAULT_ADDRESS: holds a login'],
    [{ AUDIT_VAULT_ADDRESS: 'https://v/?a=b' }, 'AUDIT_VAULT_ADDRESS: is more than an address'],
    [{ AUDIT_VAULT_ADDRESS: 'http://vault:8200' }, 'AUDIT_VAULT_ADDRESS: would send the token'],
    [
      { AUDIT_VAULT_ADDRESS: 'http://127.evil.example' },
      'AUDIT_VAULT_ADDRESS: would send the token',
    ],
    [{ AUDIT_VAULT_KEY: '../sys/seal' }, 'AUDIT_VAULT_KEY: is not one'],
    [{ AUDIT_VAULT_NAMESPACE: 'a\r\nx-vault-token: b' }, 'AUDIT_VAULT_NAMESPACE: is not one'],
    [
      { AUDIT_VAULT_TOKEN_FILE: file(`${TOKEN}\r\nx: y`) },
      'AUDIT_VAULT_TOKEN_FILE: holds no token',
    ],
    [{ AUDIT_VAULT_TOKEN_FILE: file(TOKEN, 0o644) }, 'AUDIT_VAULT_TOKEN_FILE: can be used by'],
    [{ AUDIT_VAULT_CA_FILE: file('x') }, 'AUDIT_VAULT_CA_FILE: holds no certificate'],
    [
      { AUDIT_MASTER_KEY_FILE: file(keySet) },
      'AUDIT_MASTER_KEY_FILE: is wrong: mac-1 is not encrypted',
    ],
    [
      { AUDIT_MASTER_KEY_PROVIDER: 'file' },
      'AUDIT_MASTER_KEY_FILE: is wrong: mac-1 is encrypted by Vault',
    ],
  ])('%o is a problem', (changes, expected) => {
    const problems = problemsOf({ ...inVault, ...changes })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(expected)
  })

  test('may be plain HTTP on this machine, and everywhere but in production', () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      expect(problemsOf({ ...inVault, AUDIT_VAULT_ADDRESS: `http://${host}:8200` })).toEqual([])
    }
    const open = { ...inVault, AUDIT_VAULT_ADDRESS: 'http://vault:8200' }
    expect(problemsOf(open, 'embedded')).toEqual([])
  })

  test('that are missing are named all at once', () => {
    expect(
      problemsOf({ AUDIT_MASTER_KEY_PROVIDER: 'vault', AUDIT_SIGNING_KEY_FILE: undefined }),
    ).toEqual([
      'AUDIT_VAULT_ADDRESS: is not set',
      'AUDIT_VAULT_TOKEN_FILE: is not set',
      'AUDIT_VAULT_KEY: is not set',
      'AUDIT_MASTER_KEY_FILE: is wrong: what it holds is not encrypted by Vault',
      'AUDIT_SIGNING_KEY_FILE: is not set',
    ])
  })
})
