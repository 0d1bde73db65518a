import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '@lexcustis/postgres'
import { startStack, type TestStack } from '@lexcustis/testing'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Client } from './client.js'

let stack: TestStack

beforeAll(async () => {
  stack = await startStack()
}, 240_000)
afterAll(async () => stack[Symbol.asyncDispose](), 60_000)

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command of tools/, as `npm run` starts it. */
async function tool(name: string, ...args: string[]): Promise<Outcome> {
  const script = fileURLToPath(new URL(`../../tools/${name}`, import.meta.url))
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    LEXCUSTIS_DATA_DIR: stack.ready.data_dir,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

/** Attack → whether each reader noticed it, as in SPEC.md, section 1. */
const TABLE = {
  edit: ['noticed', 'noticed', 'noticed'],
  delete: ['noticed', 'noticed', 'noticed'],
  reorder: ['noticed', 'noticed', 'noticed'],
  insert: ['noticed', 'noticed', 'noticed'],
  splice: ['noticed', 'noticed', 'noticed'],
  'cut-tail': ['missed', 'noticed', 'noticed'],
  // An empty log verifies as nothing; that it ever had records is what only checkpoints know.
  'delete-organization': ['noticed', 'noticed', 'noticed'],
  'restore-backup': ['missed', 'noticed', 'noticed'],
  rewrite: ['missed', 'noticed', 'noticed'],
  resign: ['missed', 'missed', 'noticed'],
  'cut-window': ['missed', 'missed', 'missed'],
}

describe('npm run tamper', () => {
  test('performs every attack, and shows who notices', async () => {
    const { code, stdout } = await tool('tamper.mjs', 'all')
    expect(code).toBe(0)
    const seen: Record<string, string[]> = {}
    let current: string[] = []
    for (const line of stdout.split('\n')) {
      const [, name] = /^([a-z-]+): /.exec(line) ?? []
      if (name !== undefined) seen[name] = current = []
      const [, verdict] = /^ {2}\S.* (noticed|missed)\b/.exec(line) ?? []
      if (verdict !== undefined) current.push(verdict)
    }
    expect(seen).toEqual(TABLE)
  }, 120_000)

  test.each([[[]], [['nonsense']], [['toString']]])(
    '%j is answered with what there is',
    async (args) => {
      const { code, stderr } = await tool('tamper.mjs', ...args)
      expect([code, stderr]).toEqual([2, expect.stringContaining('cut-tail')])
    },
  )
})

describe('npm run restart-log', () => {
  test('refuses what is whole, and lets a log that was cut begin anew', async () => {
    const { login, data_dir: dataDir, url } = stack.ready
    const org = login.organization_id
    const client = await Client.login(url, login.email, login.password)
    await client.chatEvents('hello')
    const whole = await tool('restart-log.mjs', '--organization', org)
    expect([whole.code, whole.stderr]).toEqual([1, expect.stringContaining('nothing to restart')])
    await vi.waitFor(async () => {
      const { receipt } = await lastReceipt(client)
      expect(Number(receipt.checkpoint_size)).toBeGreaterThan(3)
    }, 10_000)

    const secret = await readFile(join(dataDir, 'secrets/postgres_database_url'), 'utf8')
    await using superuser = openDatabase({ url: secret.trim(), name: 'attack' })
    await superuser.transaction(async (tx) => {
      await tx.query('ALTER TABLE audit.audit_logs DISABLE TRIGGER USER')
      await tx.query(
        'DELETE FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number > 1',
        [org],
      )
      await tx.query('ALTER TABLE audit.audit_logs ENABLE TRIGGER USER')
    })
    await expect(client.chatEvents('does this go on?')).rejects.toThrow('503')

    const begun = await tool('restart-log.mjs', '--organization', org)
    expect([begun.code, begun.stdout]).toEqual([0, expect.stringContaining('2 are still there')])
    await vi.waitFor(async () => lastReceipt(client), { timeout: 20_000, interval: 1_000 })
  }, 120_000)
})

async function lastReceipt(client: Client): Promise<{ receipt: { checkpoint_size: string } }> {
  const events = await client.chatEvents('hello again')
  const receipt = events.find(({ event }) => event === 'receipt')
  return { receipt: JSON.parse(receipt?.data ?? '{}') as { checkpoint_size: string } }
}
