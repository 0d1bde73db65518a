import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ConfigError, type Environment, readProfile } from '@lexcustis/runtime'
import { generateSigningKey } from './adapters/file-signing-keys.js'
import { createKeyFile, KeyProblem, replaceKeyFile } from './adapters/key-file.js'
import {
  formatMasterKeyDocument,
  type KeyForm,
  type MasterKeyDocument,
  readMasterKeyDocument,
} from './adapters/master-key-document.js'
import { createVaultTransit } from './adapters/vault-transit.js'
import { FIRST_KID, newestKid, nextKid } from './domain/master-keys.js'
import { readVaultConfig } from './key-config.js'

/** Where a command writes lines; never a key. */
export interface CommandOutput {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

export const MASTER_KEY_USAGE = `usage: new-master-key.js [<file>] [--vault] [--activate]
  <file>      of master keys; without it, the one AUDIT_MASTER_KEY_FILE names
  --vault     Vault makes the key and alone can decrypt it (AUDIT_VAULT_… say where)
  --activate  puts the newest key to use instead of adding one

A new file gets mac-1, in use. Otherwise a rotation without downtime is:
  1. add a key, hand the file to every replica and restart them one by one
  2. --activate, hand the file to every replica and restart them one by one
Never remove a key: records that it sealed could not be verified any more.`

export const SIGNING_KEY_USAGE = `usage: new-signing-key.js <file>
  makes an Ed25519 key for checkpoints and prints its public half, 32 bytes in base64`

/** Resolves with the exit code: 0 done, 1 not done, 2 not understood. */
export async function newMasterKey(
  args: readonly string[],
  env: Environment,
  output: CommandOutput,
): Promise<number> {
  const options = readArguments(args)
  const path = options?.files[0] ?? env['AUDIT_MASTER_KEY_FILE']
  if (!options || options.files.length > 1 || path === undefined || path === '') {
    output.err(MASTER_KEY_USAGE)
    return 2
  }
  return reporting('new-master-key', output, async () => {
    const form: KeyForm = options.isVault ? 'vault' : 'plain'
    const make = async (): Promise<string> =>
      options.isVault ? fromVault(env) : randomBytes(32).toString('base64')
    if (options.isActivating) output.out(await activate(path, form))
    else if (existsSync(path)) output.out(await add(path, form, make))
    else output.out(await begin(path, make))
  })
}

/** Resolves with the exit code, as `newMasterKey`. */
export async function newSigningKey(
  args: readonly string[],
  output: CommandOutput,
): Promise<number> {
  const [path, ...others] = args
  if (path === undefined || path === '' || path.startsWith('-') || others.length > 0) {
    output.err(SIGNING_KEY_USAGE)
    return 2
  }
  return reporting('new-signing-key', output, async () => {
    const { pem, publicKey } = generateSigningKey()
    await createKeyFile(path, pem)
    output.out(publicKey.toString('base64'))
  })
}

async function begin(path: string, make: () => Promise<string>): Promise<string> {
  const keys = new Map([[FIRST_KID, await make()]])
  await createKeyFile(path, formatMasterKeyDocument({ current: FIRST_KID, keys }))
  return `${FIRST_KID} is made and in use.`
}

async function add(path: string, form: KeyForm, make: () => Promise<string>): Promise<string> {
  let done = ''
  await replaceKeyFile(path, async (text) => {
    const { current, keys } = read(text, form)
    const kid = nextKid([...keys.keys()])
    done = `${kid} is added and only verifies; ${current} stays in use until --activate.`
    return formatMasterKeyDocument({ current, keys: new Map([...keys, [kid, await make()]]) })
  })
  return done
}

async function activate(path: string, form: KeyForm): Promise<string> {
  let done = ''
  await replaceKeyFile(path, async (text) => {
    const { current, keys } = read(text, form)
    const newest = newestKid([...keys.keys()])
    if (newest === current)
      throw new KeyProblem(`has no newer key than ${current}, which is in use`)
    done = `${newest} is in use; ${current} only verifies.`
    return formatMasterKeyDocument({ current: newest, keys })
  })
  return done
}

function read(text: string, form: KeyForm): MasterKeyDocument {
  const isOfVault = text.includes('vault:v')
  if (isOfVault === (form === 'vault')) return readMasterKeyDocument(text, form)
  // A file has one form, so that nobody takes keys in the clear for protected ones.
  const fix = isOfVault
    ? 'holds keys encrypted by Vault: add --vault'
    : 'holds keys in the clear: encrypt them first (vault write transit/encrypt/<key> plaintext=<key>)'
  throw new KeyProblem(fix)
}

async function fromVault(env: Environment): Promise<string> {
  const ciphertext = await createVaultTransit(readVaultConfig(env, readProfile(env))).newDataKey()
  const text = typeof ciphertext === 'string' ? ciphertext : ''
  // As strictly as it will be read at the next start.
  readMasterKeyDocument(text, 'vault')
  return text
}

function readArguments(
  args: readonly string[],
):
  | { readonly files: readonly string[]; readonly isVault: boolean; readonly isActivating: boolean }
  | undefined {
  const options = { vault: { type: 'boolean' }, activate: { type: 'boolean' } } as const
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return {
      files: positionals,
      isVault: values.vault === true,
      isActivating: values.activate === true,
    }
  } catch {
    return undefined
  }
}

async function reporting(
  name: string,
  { err }: CommandOutput,
  work: () => Promise<void>,
): Promise<number> {
  try {
    await work()
    return 0
  } catch (error) {
    if (error instanceof KeyProblem) err(`${name}: the file ${error.message}`)
    else if (error instanceof ConfigError) err(`${name}: ${error.message}`)
    else throw error
    return 1
  }
}
