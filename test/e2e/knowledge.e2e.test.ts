import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStack, type TestStack } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, dataOf, textOf } from './client.js'

const TOOL = join(import.meta.dirname, '../../tools/knowledge-import.mjs')
const FIXTURES = join(import.meta.dirname, '../fixtures/knowledge')

interface Shared {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly source: string | null
  readonly replaced_by: string | null
  readonly dated_at: string | null
}

let stack: TestStack
let member: Client
let folder: string

beforeAll(async () => {
  stack = await startStack({
    // The guide has used up most of a minute's requests when the tests begin.
    env: { LEXCUSTIS_GUIDE: 'on', GATEWAY_USER_REQUESTS_PER_MINUTE: '1000' },
  })
  const { email, password } = stack.ready.login
  member = await Client.login(stack.ready.url, email, password)
  folder = await mkdtemp(join(tmpdir(), 'lexcustis-knowledge-'))
}, 240_000)
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

interface Ran {
  readonly code: number | null
  readonly said: string
  readonly documents: readonly { status: string; chunks?: number }[]
}

/** Without `login` as the operator whom npm start made, whose password is in the data folder. */
async function importing(files: readonly string[], login: readonly string[] = []): Promise<Ran> {
  const paths = files.map((name) => join(FIXTURES, name))
  const args = [TOOL, '--json', '--url', stack.ready.url, ...login, ...paths]
  const env = { PATH: process.env['PATH'], LEXCUSTIS_DATA_DIR: stack.dataDir }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { out: '', said: '' }
  child.stdout.on('data', (data: Buffer) => (output.out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output.said += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  const { documents = [] } = JSON.parse(output.out || '{}') as { documents?: Ran['documents'] }
  return { code, said: output.said, documents }
}

async function shared(): Promise<Shared[]> {
  const { email, password } = stack.ready.operator
  const operator = await Client.login(stack.ready.url, email, password)
  const page = await operator.json<{ items: Shared[] }>('GET', '/api/v1/knowledge?limit=200')
  return page.items
}

interface Source {
  readonly title: string
  readonly heading_path: readonly string[]
}

async function ask(question: string): Promise<{ answer: string; sources: readonly Source[] }> {
  const events = await member.chatEvents(question)
  const { items } = dataOf<{ items: Source[] }>(events, 'sources')
  return { answer: textOf(events), sources: items }
}

describe('the shared knowledge base', () => {
  test('an operator imports an act twice, and it is there once', async () => {
    const ran = await importing(['act.oj.html'])
    expect(ran.said).toContain('imported')
    expect(ran.code).toBe(0)
    expect(ran.documents.map(({ status }) => status)).toEqual(['imported', 'imported'])
    expect(ran.documents.every(({ chunks = 0 }) => chunks > 0)).toBe(true)
    const again = await importing(['act.oj.html'])
    expect(again.documents.map(({ status }) => status)).toEqual(['existed', 'existed'])
    const acts = (await shared()).filter(({ source }) => source?.startsWith('32031R1207'))
    expect(acts.map(({ name, state }) => [name, state])).toEqual([
      ['Lighthouse Act recitals, Official Journal 2031-05-09', 'ready'],
      ['Lighthouse Act, Official Journal 2031-05-09', 'ready'],
    ])
  }, 60_000)

  test('a chat of an organisation cites its article', async () => {
    const { answer, sources } = await ask('For how many sea miles shall a lamp be seen?')
    expect(answer).toContain('20 sea miles')
    expect(sources[0]).toMatchObject({
      title: 'Lighthouse Act, Official Journal 2031-05-09',
      heading_path: [
        'Regulation (EU) 2031/1207 (Lighthouse Act)',
        'CHAPTER I — GENERAL PROVISIONS',
        'Article 1 — Subject matter`',
      ],
    })
  })

  test('a later consolidation takes its place; the earlier text is refused from then on', async () => {
    const ran = await importing(['act.consolidated.html'])
    expect(ran.documents.map(({ status }) => status)).toEqual(['replaced'])
    const { answer, sources } = await ask('For how many sea miles shall a lamp be seen?')
    expect(answer).toContain('thirty sea miles')
    expect(answer).not.toContain('20 sea miles')
    expect(sources[0]?.title).toBe('Lighthouse Act, consolidated 2032-06-03')
    const current = (await shared()).find(({ source }) => source === '02031R1207-20320603')
    expect(current).toMatchObject({ replaced_by: null, dated_at: '2032-06-03T00:00:00.000Z' })
    expect((await importing(['act.consolidated.html'])).documents).toMatchObject([
      { status: 'existed' },
    ])
    const older = await importing(['act.oj.html'])
    expect([older.code, older.documents.map(({ status }) => status)]).toEqual([
      1,
      ['refused', 'existed'],
    ])
  }, 60_000)

  test('nobody but an operator writes it', async () => {
    const { email, password } = stack.ready.login
    const file = join(folder, 'password')
    await writeFile(file, password)
    const before = await shared()
    const ran = await importing(['guide.md'], ['--email', email, '--password-file', file])
    expect(ran.code).toBe(1)
    expect(ran.said).toMatch(/403: this account is no operator/)
    expect((await shared()).length).toBe(before.length)
  })
})

interface GuideModule {
  importGuide(
    checkout: string,
    ready: object,
    options: { say: (line: string) => void; signal: AbortSignal; env: object },
  ): Promise<void>
}

describe('the guide that ships', () => {
  const ours = async () => (await shared()).filter(({ source }) => source?.includes(':guide/'))

  test('is imported at the first start and found', async () => {
    await expect
      .poll(() => stack.stderr, { timeout: 60_000 })
      .toMatch(/shared knowledge base: \d+ new/)
    await expect
      .poll(async () => (await ours()).map(({ state }) => state), { timeout: 60_000 })
      .not.toContainEqual(expect.stringMatching(/queued|parsing|embedding/))
    const documents = await ours()
    expect(documents.length).toBeGreaterThan(10)
    expect(documents.filter(({ state }) => state !== 'ready')).toEqual([])
    const { sources } = await ask('What does AI literacy of staff mean under the AI Act?')
    expect(sources.some(({ title }) => title.startsWith('Guide: '))).toBe(true)
  }, 150_000)

  test('is left alone by the next start', async () => {
    const first = await ours()
    await stack.stop()
    await stack.restart()
    // The start does the same by itself, at a time of its own.
    const tool = join(import.meta.dirname, '../../tools/launcher/guide.mjs')
    const { importGuide } = (await import(tool)) as GuideModule
    const said: string[] = []
    await importGuide(join(import.meta.dirname, '../..'), stack.ready, {
      say: (line) => said.push(line),
      signal: new AbortController().signal,
      env: {},
    })
    expect(said).toEqual([])
    expect(await ours()).toEqual(first)
  }, 150_000)
})
