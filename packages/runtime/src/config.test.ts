import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  ConfigError,
  flag,
  integer,
  jsonFile,
  list,
  port,
  readEnvironment,
  secretFile,
  text,
  url,
} from './config.js'

const folder = mkdtempSync(join(tmpdir(), 'lexcustis-config-'))
function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function problemsOf(read: () => unknown): Record<string, string> {
  try {
    read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.problems.map(({ name, problem }) => [name, problem]))
  }
  throw new Error('was accepted')
}

describe('readEnvironment', () => {
  test('reports every problem at once, each with what to do', () => {
    const shape = { PORT: port(1), SECRET_FILE: secretFile(), NAME: text(), GONE: secretFile() }
    const env = {
      AUDIT_PORT: '99999',
      AUDIT_SECRET_FILE: '/does/not/exist',
      AUDIT_NAEM: 'x',
      AUDIT_GONE: file('empty', '\n'),
    }
    expect(problemsOf(() => readEnvironment('AUDIT_', env, shape))).toEqual({
      AUDIT_PORT: 'is above 65535',
      AUDIT_SECRET_FILE: 'names a file that cannot be read (ENOENT)',
      AUDIT_GONE: 'names an empty file',
      AUDIT_NAME: 'is not set',
      AUDIT_NAEM: 'is not a setting of this service',
    })
  })

  test('a typo in a value is an error, never the default', () => {
    for (const value of ['', '1e3', '-1', '0x10', '1.5', 'ten', ' 5']) {
      expect(() => readEnvironment('A_', { A_N: value }, { N: integer({ default: 7 }) })).toThrow(
        ConfigError,
      )
    }
    expect(() => readEnvironment('A_', { A_F: 'yes' }, { F: flag(false) })).toThrow(ConfigError)
    expect(() => readEnvironment('A_', { A_U: 'localhost' }, { U: url() })).toThrow(ConfigError)
  })

  test('other services’ variables are none of its business', () => {
    expect(readEnvironment('A_', { B_X: '1', PATH: '/' }, { N: integer({ default: 7 }) })).toEqual({
      N: 7,
    })
  })

  test('secrets come from files, without the line end', () => {
    const env = { A_KEY_FILE: file('key', 'hunter2\n'), A_JSON_FILE: file('json', '{"a":1}') }
    const shape = { KEY_FILE: secretFile(), JSON_FILE: jsonFile(z.object({ a: z.number() })) }
    expect(readEnvironment('A_', env, shape)).toEqual({ KEY_FILE: 'hunter2', JSON_FILE: { a: 1 } })
  })

  test('never quotes what a secret file says', () => {
    const env = { A_JSON_FILE: file('bad', 'TOP-SECRET') }
    const read = () => readEnvironment('A_', env, { JSON_FILE: jsonFile(z.object({})) })
    expect(JSON.stringify(problemsOf(read))).not.toContain('TOP-SECRET')
  })

  test('the result is frozen', () => {
    const config = readEnvironment('A_', { A_L: 'a, b,,c' }, { L: list([]) })
    expect(config.L).toEqual(['a', 'b', 'c'])
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('an alias counts only where the full name is absent', () => {
    const options = { aliases: { ORG_CAP: 'CAP' } }
    const shape = { CAP: integer({ default: 1 }) }
    expect(readEnvironment('A_', { ORG_CAP: '5' }, shape, options)).toEqual({ CAP: 5 })
    expect(readEnvironment('A_', { ORG_CAP: '5', A_CAP: '6' }, shape, options)).toEqual({ CAP: 6 })
  })
})
