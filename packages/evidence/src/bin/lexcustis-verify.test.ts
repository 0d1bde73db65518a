import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildBundle, editLines, vkeysOf } from '../../test/bundle-builder.js'
import { NEXT_SIGNER, SIGNER, storyLog, VKEY } from '../../test/test-log.js'
import { zipOf } from '../../test/zip-writer.js'
import { build } from '../../test/verify-command.js'

const folder = mkdtempSync(join(tmpdir(), 'verify-'))
const log = storyLog()
const path = (name: string): string => join(folder, name)
let command: string

interface Run {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

async function run(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], (error, stdout, stderr) => {
      resolve({ exit: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

beforeAll(async () => {
  command = await build(folder)
  const valid = await buildBundle({ log, kind: 'full' })
  writeFileSync(path('valid.zip'), zipOf(valid))
  const invalid = await buildBundle({
    log,
    kind: 'full',
    members: (members) =>
      editLines(members, 'content.jsonl', (value, index) =>
        index === 0 ? { ...value, value: 'else' } : value,
      ),
  })
  writeFileSync(path('invalid.zip'), zipOf(invalid))
  writeFileSync(path('keys.txt'), `# ours\n${vkeysOf(SIGNER, NEXT_SIGNER).join('\n')}\n`)
  writeFileSync(path('previous.note'), log.checkpoint(5n))
  writeFileSync(path('newer.note'), log.checkpoint(5n).replace('\n5\n', '\n6\n'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('lexcustis-verify', () => {
  test('exit 0: verdict first, and what was not checked', async () => {
    const { exit, stdout, stderr } = await run(path('valid.zip'), '--key', VKEY)
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^VALID/)
    expect(stdout).toContain('What was not checked')
    expect(stderr).toBe('')
  })

  test('exit 1: what does not hold, and where', async () => {
    const { exit, stdout } = await run(path('invalid.zip'), '--key', VKEY)
    expect(exit).toBe(1)
    expect(stdout).toMatch(/^INVALID/)
    expect(stdout).toMatch(/commitment: .*record 7, field prompt, content.jsonl, line 1/)
  })

  test('--json has exactly the fields of the specification', async () => {
    const { exit, stdout } = await run(path('invalid.zip'), '--key', VKEY, '--json')
    const report = JSON.parse(stdout) as Record<string, unknown>
    expect(exit).toBe(1)
    expect(Object.keys(report)).toEqual([
      ...['result', 'exit', 'failures', 'holds', 'not_checked', 'notes'],
    ])
    expect(report).toMatchObject({
      result: 'invalid',
      exit: 1,
      failures: [{ code: 'commitment', seq: '7', field: 'prompt', member: 'content.jsonl' }],
    })
  })

  test('keys from a file, an earlier checkpoint', async () => {
    const args = [path('valid.zip'), '--key', `@${path('keys.txt')}`, '--previous']
    expect((await run(...args, path('previous.note'))).exit).toBe(0)
    const { exit, stdout } = await run(...args, path('newer.note'))
    expect(exit).toBe(1)
    expect(stdout).toContain('checkpoint_signature')
  })

  test.each([
    ['key_malformed', ['valid.zip']],
    ['key_malformed', ['valid.zip', '--key', 'x']],
    ['key_malformed', ['valid.zip', '--key', '@nothing']],
    ['bundle_unreadable', ['--key', VKEY]],
    ['bundle_unreadable', ['valid.zip', 'invalid.zip', '--key', VKEY]],
    ['bundle_unreadable', ['nothing.zip', '--key', VKEY]],
    ['bundle_unreadable', ['keys.txt', '--key', VKEY]],
    ['previous_malformed', ['valid.zip', '--key', VKEY, '--previous', 'nothing']],
    ['internal', ['valid.zip', '--key', VKEY, '--unknown']],
  ])('exit 2: %s', async (code, args) => {
    const named = args.map((arg) => (/\.(zip|txt)$/.test(arg) ? path(arg) : arg))
    const { exit, stdout } = await run(...named, '--json')
    expect(exit).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ result: 'error', exit: 2, failures: [{ code }] })
  })

  test('--help and --version', async () => {
    expect(await run('--help')).toMatchObject({ exit: 0, stderr: '' })
    expect((await run('--help')).stdout).toContain('Usage: lexcustis-verify')
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
