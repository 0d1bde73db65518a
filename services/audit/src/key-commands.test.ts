import { createPublicKey } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { readFileMasterKeys } from './adapters/file-master-keys.js'
import { readSigningKey } from './adapters/file-signing-keys.js'
import { newMasterKey, newSigningKey } from './key-commands.js'

let folder: string
let path: string
const said: string[] = []
const output = { out: (line: string) => said.push(line), err: (line: string) => said.push(line) }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lexcustis-key-command-'))
  path = join(folder, 'master')
  said.length = 0
})

const run = async (...args: string[]): Promise<number> => newMasterKey(args, {}, output)
const held = () => JSON.parse(readFileSync(path, 'utf8')) as { current: string; keys: object }
const mode = (file: string): number => statSync(file).mode & 0o777

describe('new-master-key', () => {
  test('begins, adds, activates, and every step is what the service reads', async () => {
    const states = async () =>
      (await readFileMasterKeys(readFileSync(path, 'utf8')).load()).map(
        ({ kid, state }) => `${kid} ${state}`,
      )
    expect(await run(path)).toBe(0)
    expect(await states()).toEqual(['mac-1 current'])
    const first = held().keys
    expect(await run(path)).toBe(0)
    expect(await states()).toEqual(['mac-1 current', 'mac-2 verify_only'])
    expect(await run(path, '--activate')).toBe(0)
    expect(await states()).toEqual(['mac-1 verify_only', 'mac-2 current'])
    expect(held().keys).toMatchObject(first)
    expect(mode(path)).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['master'])
    const keys = Object.values(held().keys) as string[]
    for (const key of keys) expect(said.join()).not.toContain(key)
    expect(said).toEqual([
      'mac-1 is made and in use.',
      'mac-2 is added and only verifies; mac-1 stays in use until --activate.',
      'mac-2 is in use; mac-1 only verifies.',
    ])
  })

  test('takes a file with one key alone, and the file of the setting', async () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')
    writeFileSync(path, `${key}\n`, { mode: 0o600 })
    expect(await newMasterKey([], { AUDIT_MASTER_KEY_FILE: path }, output)).toBe(0)
    expect(held()).toMatchObject({ current: 'mac-1', keys: { 'mac-1': key } })
    expect(Object.keys(held().keys)).toEqual(['mac-1', 'mac-2'])
  })

  test('counts on after nine', async () => {
    await run(path)
    for (let n = 0; n < 10; n += 1) expect(await run(path)).toBe(0)
    expect(Object.keys(held().keys).at(-1)).toBe('mac-11')
    expect(await run(path, '--activate')).toBe(0)
    expect(held().current).toBe('mac-11')
    expect(await run(path, '--activate')).toBe(1)
    expect(said.at(-1)).toContain('no newer key than mac-11')
  })

  test('keeps a link, the group that reads, and takes everybody else out', async () => {
    await run(path)
    const link = join(folder, 'link')
    symlinkSync(path, link)
    chmodSync(path, 0o664)
    expect(await run(link)).toBe(0)
    expect(mode(path)).toBe(0o640)
    expect(Object.keys(held().keys)).toHaveLength(2)
    expect(readFileSync(link, 'utf8')).toBe(readFileSync(path, 'utf8'))
  })

  test('two at once: one key is added, or two, and none is lost', async () => {
    await run(path)
    const codes = await Promise.all(Array.from({ length: 8 }, async () => run(path)))
    const done = codes.filter((code) => code === 0).length
    expect(done).toBeGreaterThan(0)
    expect(Object.keys(held().keys)).toHaveLength(1 + done)
    expect(existsSync(`${path}.new`)).toBe(false)
  })

  test('changes nothing it does not understand, and repeats nothing of it', async () => {
    const secret = 'TOP+SECRET+0123456789+0123456789+0123456789='
    for (const text of [
      secret.slice(1),
      `{"current":"mac-1","keys":{"mac-1":"${secret}x"}}`,
      `{"current":"mac-1","keys":{"mac-1":"vault:v1:${secret}"}}`,
      `{"current":"mac-1","keys":{"${secret}":"x"}}`,
    ]) {
      writeFileSync(path, text, { mode: 0o600 })
      expect(await run(path)).toBe(1)
      expect(await run(path, '--activate')).toBe(1)
      expect(readFileSync(path, 'utf8')).toBe(text)
      expect(existsSync(`${path}.new`)).toBe(false)
    }
    expect(said.join()).not.toContain('SECRET')
  })

  test('says what stands in its way', async () => {
    await run(path)
    writeFileSync(`${path}.new`, '')
    expect(await run(path)).toBe(1)
    expect(said.at(-1)).toContain('.new')
    expect(existsSync(`${path}.new`)).toBe(true)
    expect(await run(join(folder, 'no', 'such'))).toBe(1)
    expect(said.at(-1)).toContain('ENOENT')
    for (const args of [[], [path, path], [path, '--force'], ['--vault']]) {
      expect(await run(...args)).toBe(2)
    }
    // Without settings of Vault there is nothing made.
    expect(await run(join(folder, 'new'), '--vault')).toBe(1)
    expect(said.at(-1)).toContain('AUDIT_VAULT_ADDRESS')
    expect(existsSync(join(folder, 'new'))).toBe(false)
  })
})

describe('new-signing-key', () => {
  test('makes a key for its owner alone and prints the public half', async () => {
    expect(await newSigningKey([path], output)).toBe(0)
    const pem = readFileSync(path, 'utf8')
    expect(mode(path)).toBe(0o600)
    expect(said).toEqual([readSigningKey(pem.trim()).publicKey.toString('base64')])
    const jwk = createPublicKey(pem).export({ format: 'jwk' })
    expect(Buffer.from(said[0]!, 'base64').toString('base64url')).toBe(jwk.x)
  })

  test('replaces nothing', async () => {
    writeFileSync(path, 'mine')
    expect(await newSigningKey([path], output)).toBe(1)
    expect(readFileSync(path, 'utf8')).toBe('mine')
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
    expect(await newSigningKey([join(folder, 'dangling')], output)).toBe(1)
    for (const args of [[], [''], ['-f'], ['a', 'b']]) {
      expect(await newSigningKey(args, output)).toBe(2)
    }
  })
})
