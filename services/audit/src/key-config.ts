import { ConfigError, type ConfigProblem, type Environment, type Profile } from '@lexcustis/runtime'
import { z } from 'zod'
import { readEnvironmentMasterKeys } from './adapters/environment-master-keys.js'
import { readFileMasterKeys } from './adapters/file-master-keys.js'
import { readSigningKey } from './adapters/file-signing-keys.js'
import { KeyProblem, readKeyFile } from './adapters/key-file.js'
import { readMasterKeyDocument } from './adapters/master-key-document.js'
import type { VaultSettings } from './adapters/vault-transit.js'
import { createVaultTransitMasterKeys } from './adapters/vault-transit-master-keys.js'
import type { MasterKeys } from './domain/master-keys.js'
import { createSigningKeys, type SigningKeys } from './domain/signing-keys.js'

export interface KeyConfig {
  readonly masterKeys: MasterKeys
  readonly signingKeys: SigningKeys
  /** What production would refuse. */
  readonly keyWarnings: readonly KeyWarning[]
}

export interface KeyWarning {
  readonly name: string
  readonly problem: string
}

const given = z.string().optional()
/** Settings of keys, which `readKeyConfig` reads: here only so that they are known. */
export const KEY_SHAPE = {
  MASTER_KEY_PROVIDER: given,
  MASTER_KEY_FILE: given,
  MASTER_KEY: given,
  VAULT_ADDRESS: given,
  VAULT_TOKEN_FILE: given,
  VAULT_KEY: given,
  VAULT_CA_FILE: given,
  VAULT_NAMESPACE: given,
  SIGNING_KEY_FILE: given,
  SIGNING_KEY_PREVIOUS_FILE: given,
}

const PREFIX = 'AUDIT_'
const TOKEN = /^[!-~]{1,4096}$/
const VAULT_KEY = /^[A-Za-z0-9_.-]{1,128}$/
const NAMESPACE = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*\/?$/
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

const MASTER_KEY_FIX =
  'give the path of a file with 32 random bytes in base64, or a set of such keys'
const VAULT_FILE_FIX = 'give the path of a file that new-master-key.js --vault made'
const SIGNING_KEY_FIX = 'give the path of a file that new-signing-key.js made'
const ADDRESS_FIX = 'give the https:// address of Vault'

/** Where problems and warnings are collected while settings are read. */
interface Reading {
  readonly env: Environment
  readonly profile: Profile
  readonly problems: ConfigProblem[]
  readonly warnings: KeyWarning[]
}

/** Throws ConfigError with every problem, none of which quotes a key. */
export function readKeyConfig(env: Environment, profile: Profile): KeyConfig {
  const reading: Reading = { env, profile, problems: [], warnings: [] }
  const masterKeys = readMasterKeys(reading)
  const signingKeys = readSigningKeys(reading)
  if (!masterKeys || !signingKeys || reading.problems.length > 0) {
    throw new ConfigError(reading.problems)
  }
  return { masterKeys, signingKeys, keyWarnings: reading.warnings }
}

/** For the command that makes keys. Throws ConfigError. */
export function readVaultConfig(env: Environment, profile: Profile): VaultSettings {
  const reading: Reading = { env, profile, problems: [], warnings: [] }
  const settings = readVault(reading)
  if (!settings || reading.problems.length > 0) throw new ConfigError(reading.problems)
  return settings
}

function readMasterKeys(reading: Reading): MasterKeys | undefined {
  const provider = reading.env['AUDIT_MASTER_KEY_PROVIDER'] ?? 'file'
  if (provider !== 'environment' && reading.env['AUDIT_MASTER_KEY'] !== undefined) {
    const fix = 'remove it, or choose with AUDIT_MASTER_KEY_PROVIDER where the key is'
    add(reading, 'MASTER_KEY', 'is set, but the provider of the key is another one', fix)
  }
  switch (provider) {
    case 'file':
      return readMasterKeyFile(reading, MASTER_KEY_FIX, readFileMasterKeys)
    case 'environment':
      return fromEnvironment(reading)
    case 'vault': {
      const settings = readVault(reading)
      const document = readMasterKeyFile(reading, VAULT_FILE_FIX, (text) =>
        readMasterKeyDocument(text, 'vault'),
      )
      return settings && document && createVaultTransitMasterKeys(document, settings)
    }
    default:
      add(
        reading,
        'MASTER_KEY_PROVIDER',
        'is none of the providers',
        'give file, vault or environment',
      )
      return undefined
  }
}

function fromEnvironment(reading: Reading): MasterKeys | undefined {
  const { profile, warnings } = reading
  const fix = 'give 32 random bytes in base64, for development only'
  const value = required(reading, 'MASTER_KEY', fix)
  if (value === undefined) return undefined
  warnings.push({ name: 'AUDIT_MASTER_KEY', problem: 'holds the master key in the environment' })
  return attempt(reading, 'MASTER_KEY', fix, () => readEnvironmentMasterKeys(value, profile))
}

function readMasterKeyFile<T>(
  reading: Reading,
  fix: string,
  read: (text: string) => T,
): T | undefined {
  return fromFile(reading, 'MASTER_KEY_FILE', fix, read)
}

function readSigningKeys(reading: Reading): SigningKeys | undefined {
  const name = 'SIGNING_KEY_PREVIOUS_FILE'
  const current = fromFile(reading, 'SIGNING_KEY_FILE', SIGNING_KEY_FIX, readSigningKey)
  const isRotating = reading.env[PREFIX + name] !== undefined
  const previous = isRotating ? fromFile(reading, name, SIGNING_KEY_FIX, readSigningKey) : undefined
  if (!current || (isRotating && !previous)) return undefined
  return attempt(reading, name, 'give the key that was used before, or leave it out', () => {
    if (previous && previous.publicKey.equals(current.publicKey)) {
      throw new KeyProblem('names the key that is in use')
    }
    return createSigningKeys(current, previous)
  })
}

function readVault(reading: Reading): VaultSettings | undefined {
  const address = readAddress(reading)
  const tokenFix = 'give the path of a file with a token of Vault'
  const token = fromFile(reading, 'VAULT_TOKEN_FILE', tokenFix, (text) => {
    if (!TOKEN.test(text)) throw new KeyProblem('holds no token')
    return text
  })
  const key = matching(reading, 'VAULT_KEY', VAULT_KEY, 'give the name of a transit key')
  const namespace =
    reading.env['AUDIT_VAULT_NAMESPACE'] === undefined
      ? undefined
      : matching(reading, 'VAULT_NAMESPACE', NAMESPACE, 'give its path, or leave it out')
  const ca = readAuthority(reading)
  if (!address || token === undefined || key === undefined) return undefined
  return { address, token, key, ca, namespace }
}

function readAddress(reading: Reading): URL | undefined {
  const value = required(reading, 'VAULT_ADDRESS', ADDRESS_FIX)
  if (value === undefined) return undefined
  return attempt(reading, 'VAULT_ADDRESS', ADDRESS_FIX, () => {
    if (!URL.canParse(value)) throw new KeyProblem('is not a URL')
    const url = new URL(value)
    if (!/^https?:$/.test(url.protocol)) throw new KeyProblem('is not an https:// address')
    if (url.username !== '' || url.password !== '') throw new KeyProblem('holds a login')
    if (url.search !== '' || url.hash !== '') throw new KeyProblem('is more than an address')
    const isOpen = url.protocol === 'http:' && !LOOPBACK.test(url.hostname)
    if (isOpen && reading.profile === 'production') {
      throw new KeyProblem('would send the token over the network in the clear')
    }
    return url
  })
}

function readAuthority(reading: Reading): string | undefined {
  const path = reading.env['AUDIT_VAULT_CA_FILE']
  if (path === undefined) return undefined
  const fix = 'give the path of a file with certificates in PEM, or leave it out'
  return attempt(reading, 'VAULT_CA_FILE', fix, () => {
    const { text } = readKeyFile(path)
    if (!text.includes('-----BEGIN CERTIFICATE-----')) {
      throw new KeyProblem('holds no certificate')
    }
    return text
  })
}

/** What a file of secrets says. One that others may read is refused in production. */
function fromFile<T>(
  reading: Reading,
  name: string,
  fix: string,
  read: (text: string) => T,
): T | undefined {
  const path = required(reading, name, fix)
  if (path === undefined) return undefined
  return attempt(reading, name, fix, () => {
    const { text, exposure } = readKeyFile(path)
    if (exposure !== undefined) {
      if (reading.profile === 'production') add(reading, name, exposure, 'chmod it to 0600')
      else reading.warnings.push({ name: PREFIX + name, problem: exposure })
    }
    return read(text)
  })
}

function matching(
  reading: Reading,
  name: string,
  pattern: RegExp,
  fix: string,
): string | undefined {
  const value = required(reading, name, fix)
  if (value === undefined || pattern.test(value)) return value
  add(reading, name, 'is not one', fix)
  return undefined
}

function required(reading: Reading, name: string, fix: string): string | undefined {
  const value = reading.env[PREFIX + name]
  if (value !== undefined && value.trim() !== '') return value.trim()
  add(reading, name, value === undefined ? 'is not set' : 'is empty', fix)
  return undefined
}

function attempt<T>(reading: Reading, name: string, fix: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KeyProblem)) throw error
    add(reading, name, error.message, fix)
    return undefined
  }
}

function add({ problems }: Reading, name: string, problem: string, fix: string): void {
  problems.push({ name: PREFIX + name, problem, fix })
}
