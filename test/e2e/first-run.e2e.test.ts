import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { startStack, type TestStack } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, dataOf, type Entry, type Receipt, textOf } from './client.js'

const AI_ACT = new URL('../../../shared/data/legal-kb/ai_act_oj_2024.en.md', import.meta.url)
const MARKDOWN = `# Travel policy

## Trains

Employees travel by train for every journey under six hours. First class needs the written approval of the head of department.

## Flights

A flight has to be booked at least fourteen days ahead.
`

let stack: TestStack
let client: Client

beforeAll(async () => {
  stack = await startStack()
  const { email, password } = stack.ready.login
  client = await Client.login(stack.ready.url, email, password)
}, 240_000)
afterAll(async () => stack[Symbol.asyncDispose](), 60_000)

describe('one question, end to end', () => {
  test('the ready line names everything that runs', () => {
    const { ready } = stack
    expect(ready.version).toBe(1)
    expect(ready.api_key).toMatch(/^lc_/)
    expect(ready.services.map(({ name }) => name).sort()).toEqual([
      'audit',
      'compliance',
      'gateway',
      'llm',
      'rag',
    ])
    expect(ready.curl).toHaveLength(2)
  })

  test.each([0, 1])('curl line %i works when pasted', async (index) => {
    const line = stack.ready.curl[index] ?? ''
    const { stdout } = await promisify(execFile)('sh', ['-c', line])
    expect(stdout).toMatch(/\[DONE\]|"choices"/)
  })

  test('an uploaded document is cited, and the exchange is sealed and verified', async () => {
    const { id } = await client.upload('travel.md', MARKDOWN)
    await client.waitReady(id)
    const events = await client.chatEvents('How many days ahead must a flight be booked?')

    const names = events.map(({ event }) => event)
    expect(names.filter((name) => name !== 'delta' && name !== 'signal')).toEqual([
      'meta',
      'sources',
      'receipt',
      'done',
    ])
    expect(names.indexOf('delta')).toBeGreaterThan(names.indexOf('sources'))
    const meta = dataOf<{ request_id: string; ai_generated: boolean; provider: string }>(
      events,
      'meta',
    )
    expect(meta).toMatchObject({ ai_generated: true, provider: 'extractive' })
    const { items } = dataOf<{ items: { document_id: string; title: string; n: number }[] }>(
      events,
      'sources',
    )
    expect(items[0]).toMatchObject({ n: 1, document_id: id, title: 'travel.md' })
    expect(textOf(events)).toContain('fourteen days')
    expect(textOf(events)).toContain('[1]')

    const receipt = dataOf<Receipt>(events, 'receipt')
    expect(receipt).toMatchObject({ request_id: meta.request_id, outcome: 'completed' })
    const end = await client.json<Entry>('GET', `/api/v1/audit/entries/${receipt.entry_id}`)
    expect(end).toMatchObject({ entry_hash: receipt.entry_hash, sequence: receipt.sequence })
    expect(end.envelope).toMatchObject({ type: 'chat.completed', ref: meta.request_id })
    expect(await client.verify()).toMatchObject({
      valid: true,
      breaks: [],
      open: expect.anything() as unknown,
    })
  })

  test('the record holds no text, the vault does, and reading it is recorded', async () => {
    const events = await client.chatEvents(
      'What needs the approval of the head of department? Codeword xylophone.',
    )
    const { request_id } = dataOf<Receipt>(events, 'receipt')
    const entries = await client.entries()
    expect(JSON.stringify(entries)).not.toContain('xylophone')
    const content = await client.request('GET', `/api/v1/audit/entries/${request_id}/content`)
    expect(await content.text()).toContain('xylophone')
    const types = (await client.entries()).map(({ envelope }) => envelope.type)
    expect(types).toContain('content.read')
  })

  test('stream and no stream say the same', async () => {
    const question = 'How do employees travel when the journey is under six hours?'
    const streamed = await client.chatEvents(question)
    const body = { messages: [{ role: 'user', content: question }], stream: false }
    const whole = await client.json<{ answer: string; receipt: Receipt; sources: unknown }>(
      'POST',
      '/api/v1/chat',
      body,
    )
    expect(whole.answer).toBe(textOf(streamed))
    expect(whole.sources).toEqual(dataOf(streamed, 'sources'))
    expect(whole.receipt.outcome).toBe('completed')
  })

  test.skipIf(!existsSync(AI_ACT))(
    'the AI Act: two days means Article 73',
    async () => {
      const { id } = await client.upload('ai-act.md', readFileSync(AI_ACT))
      await client.waitReady(id, 30_000)
      const events = await client.chatEvents('Which events must be reported within two days?')
      const answer = textOf(events)
      expect(answer).toMatch(/two days/)
      expect(answer).toMatch(/widespread infringement/)
      const { items } = dataOf<{ items: { n: number; chunk_id: string; title: string }[] }>(
        events,
        'sources',
      )
      const cited = [...answer.matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n))
      expect(cited.length).toBeGreaterThan(0)
      expect(items.map(({ n }) => n)).toEqual(expect.arrayContaining([...new Set(cited)]))
    },
    60_000,
  )
})

describe('stopping and starting again', () => {
  test('leaves no process, keeps the data, and the same login works', async () => {
    const before = await client.entries()
    const pids = [...stack.ready.services.map(({ pid }) => pid), stack.ready.postgres.pid]
    await stack.stop()
    expect(pids.filter(isAlive)).toEqual([])

    await stack.restart()
    const { email, password } = stack.ready.login
    client = await Client.login(stack.ready.url, email, password)
    const after = await client.entries()
    expect(after.slice(0, before.length)).toEqual(before)
    expect((await client.verify()).valid).toBe(true)
  }, 120_000)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
