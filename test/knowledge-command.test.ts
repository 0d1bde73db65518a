import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const TOOL = join(import.meta.dirname, '../tools/knowledge-import.mjs')
const FIXTURES = join(import.meta.dirname, 'fixtures/knowledge')
const GUIDE_TOOL = join(import.meta.dirname, '../tools/launcher/guide.mjs')
const PASSWORD = 'wick and oil'

/** A document as the gateway lists it. */
interface Shared {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly language: string
  readonly dated_at: string
  readonly sha256: string
  readonly replaces: string | null
  replaced_by: string | null
  readonly state: string
  readonly reason: string | null
  readonly chunk_count: number
  readonly text: string
}

let server: Server
let url: string
let folder: string
let shared: Shared[]
let asked: string[]
/** Answers that come before any other. */
let first: ((response: ServerResponse) => void)[]
/** State of what is added. */
let becomes: { state: string; reason: string | null }

/** The part of the gateway that the command uses; it keeps documents in memory. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://gateway.test')
  asked.push(`${request.method ?? ''} ${pathname}`)
  const early = first.shift()
  if (early) {
    early(response)
    return
  }
  const [status, body] = route(request, pathname, searchParams, Buffer.concat(chunks))
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

function route(
  { method, headers }: IncomingMessage,
  path: string,
  query: URLSearchParams,
  body: Buffer,
): [number, unknown?] {
  if (path === '/api/v1/auth/login') {
    const { password } = JSON.parse(body.toString()) as { password: string }
    return password === PASSWORD ? [200, { access_token: 'operator' }] : [401, { detail: 'no' }]
  }
  if (headers.authorization !== 'Bearer operator') return [401, {}]
  if (method === 'GET') {
    const at = Number(query.get('cursor') ?? 0)
    const items = [...shared].reverse().slice(at, at + 2)
    return [200, { items, next_cursor: at + 2 < shared.length ? String(at + 2) : null }]
  }
  if (method === 'DELETE') {
    shared = shared.filter(({ id }) => !path.endsWith(id))
    return [204]
  }
  return add(query, body)
}

function add(query: URLSearchParams, body: Buffer): [number, unknown] {
  const { name, bytes } = onlyPart(body)
  const replaced = shared.find(({ id }) => id === query.get('replaces'))
  if (query.has('replaces') && !replaced) return [404, { detail: 'no such document' }]
  const id = randomUUID()
  if (replaced) replaced.replaced_by = id
  shared.push({
    ...{ id, name, text: bytes.toString(), replaced_by: null, chunk_count: 3 },
    ...{ source: query.get('source') ?? '', language: query.get('language') ?? '' },
    dated_at: query.get('dated_at') ?? '',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    replaces: replaced?.id ?? null,
    ...becomes,
  })
  return [202, { id, existed: false }]
}

/** The file of a form that has one part. */
function onlyPart(body: Buffer): { name: string; bytes: Buffer } {
  const text = body.toString('latin1')
  const name = /name="file"; filename="([^"]*)"/.exec(text)?.[1] ?? ''
  return {
    name: Buffer.from(name, 'latin1').toString(),
    bytes: body.subarray(text.indexOf('\r\n\r\n') + 4, text.lastIndexOf('\r\n--')),
  }
}

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lexcustis-knowledge-'))
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`)
  shared = []
  asked = []
  first = []
  becomes = { state: 'ready', reason: null }
})
afterEach(async () => rm(folder, { recursive: true, force: true }))

interface Ran {
  readonly code: number | null
  readonly said: string
  readonly json: { ok: boolean; documents: Record<string, unknown>[]; unreadable: unknown[] }
}

async function run(...options: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [TOOL, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let out = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  expect(out === '' || /^[^\n]+\n$/.test(out)).toBe(true)
  return { code, said, json: JSON.parse(out === '' ? '{}' : out) as Ran['json'] }
}

const importing = async (...options: string[]): Promise<Ran> => {
  const login = ['--email', 'o@example.test', '--password-file', join(folder, 'password')]
  return run('--url', url, '--json', ...login, ...options)
}
const fixture = (name: string): string => join(FIXTURES, name)
const statuses = ({ json }: Ran): unknown[] => json.documents.map(({ status }) => status)
const present = (): string[] =>
  shared.filter((each) => each.replaced_by === null).map(({ name }) => name)

describe('knowledge:import', () => {
  test('imports an act with its version, and nothing the second time', async () => {
    const ran = await importing(fixture('act.oj.html'))
    expect(ran).toMatchObject({ code: 0, json: { ok: true, unreadable: [] } })
    expect(ran.json.documents).toMatchObject([
      { status: 'imported', chunks: 3, name: 'Lighthouse Act, Official Journal 2031-05-09' },
      {
        status: 'imported',
        chunks: 3,
        name: 'Lighthouse Act recitals, Official Journal 2031-05-09',
      },
    ])
    expect(shared[0]).toMatchObject({
      source: '32031R1207',
      language: 'en',
      dated_at: '2031-05-09T00:00:00Z',
    })
    asked = []
    expect(statuses(await importing(fixture('act.oj.html')))).toEqual(['existed', 'existed'])
    expect(asked.filter((each) => each.startsWith('POST /api/v1/knowledge'))).toEqual([])
  })

  test('replaces the articles by a later consolidation and leaves the recitals', async () => {
    await importing(fixture('act.oj.html'))
    expect(statuses(await importing(fixture('act.consolidated.html')))).toEqual(['replaced'])
    expect(present()).toEqual([
      'Lighthouse Act recitals, Official Journal 2031-05-09',
      'Lighthouse Act, consolidated 2032-06-03',
    ])
    expect(shared.at(-1)?.replaces).toBe(shared[0]?.id)
  })

  test('refuses an older version, unless both are wanted', async () => {
    await importing(fixture('act.consolidated.html'))
    const ran = await importing(fixture('act.oj.html'))
    expect(ran.code).toBe(1)
    expect(statuses(ran)).toEqual(['refused', 'imported'])
    expect(ran.said).toMatch(/2031-05-09.*consolidated 2032-06-03 is there; give --keep-both/)
    expect(present()).toHaveLength(2)
    expect(statuses(await importing('--keep-both', fixture('act.oj.html')))).toEqual([
      'imported',
      'existed',
    ])
    expect(present()).toHaveLength(3)
  })

  test('of two versions in one command the later one counts', async () => {
    const both = [fixture('act.consolidated.html'), fixture('act.oj.html')]
    const ran = await importing(...both)
    expect(ran.code).toBe(0)
    expect(statuses(ran)).toEqual(['imported', 'older', 'imported'])
  })

  test('keeps languages and acts beside each other', async () => {
    await importing(fixture('act.oj.html'), fixture('act.old.html'))
    await importing('--language', 'fr', fixture('act.oj.html'))
    expect(present()).toHaveLength(6)
  })

  test('says what a document failed for, and imports it again when asked again', async () => {
    becomes = { state: 'failed', reason: 'no words' }
    const ran = await importing(fixture('guide.md'))
    expect(ran).toMatchObject({ code: 1, json: { ok: false } })
    expect(ran.said).toContain('failed (no words)')
    becomes = { state: 'ready', reason: null }
    expect(statuses(await importing(fixture('guide.md')))).toEqual(['imported'])
  })

  test('waits for what is still being indexed, and not for ever', async () => {
    becomes = { state: 'embedding', reason: null }
    const ran = await importing('--wait-seconds', '0', fixture('guide.md'))
    expect(ran.code).toBe(1)
    expect(ran.said).toContain('is still being indexed after 0 s')
  })

  test('imports what it can of a folder with a bad file', async () => {
    await copyFile(fixture('guide.md'), join(folder, 'guide.md'))
    await writeFile(join(folder, 'bad.xml'), '<?xml version="1.0"?><ACT><TITLE>')
    const ran = await importing(folder)
    expect(ran).toMatchObject({ code: 1, json: { ok: false } })
    expect(ran.said).toMatch(/bad\.xml is broken XML/)
    expect(statuses(ran)).toEqual(['imported'])
  })

  test('pauses when the server asks for it', async () => {
    first = [(response) => response.writeHead(429, { 'retry-after': '1' }).end()]
    expect(statuses(await importing(fixture('guide.md')))).toEqual(['imported'])
    expect(asked.slice(0, 2)).toEqual(['POST /api/v1/auth/login', 'POST /api/v1/auth/login'])
  })

  test('--dry-run reads and asks nobody', async () => {
    const ran = await importing('--dry-run', fixture('formex'))
    expect(ran.json.documents).toMatchObject([
      { status: 'read', source: '32031R1207', articles: 2, annexes: 1 },
      { status: 'read', recitals: 2 },
    ])
    expect([ran.code, asked]).toEqual([0, []])
  })

  test('a wrong password and an account that is no operator end it at once', async () => {
    await writeFile(join(folder, 'password'), 'wrong')
    const wrong = await importing(fixture('guide.md'))
    expect([wrong.code, asked.length]).toEqual([1, 1])
    expect(wrong.said).toContain('e-mail or password are wrong')
    await writeFile(join(folder, 'password'), PASSWORD)
    const ok = (response: ServerResponse): void => {
      response.writeHead(200).end('{"access_token":"operator","items":[],"next_cursor":null}')
    }
    first = [ok, ok, (response) => response.writeHead(403).end('{}')]
    const ran = await importing(fixture('act.oj.html'))
    expect(ran.code).toBe(1)
    expect(ran.said).toContain('this account is no operator')
    expect(asked.filter((each) => each === 'POST /api/v1/knowledge')).toHaveLength(1)
  })

  test('nobody there is said so', async () => {
    const login = ['--email', 'o@example.test', '--password-file', join(folder, 'password')]
    const ran = await run('--url', 'http://127.0.0.1:1', ...login, fixture('guide.md'))
    expect(ran.code).toBe(1)
    expect(ran.said).toMatch(/nothing answers at http:\/\/127\.0\.0\.1:1 .*is it running\?/)
  })

  test.each([
    [[]],
    [['--unknown', 'x']],
    [['--dated-at', '2031-02-30', 'x']],
    [['--language', 'English', 'x']],
    [['--wait-seconds', 'long', 'x']],
    [['--url', 'ftp://example.test', fixture('guide.md')]],
    [['--url', 'http://example.test', fixture('guide.md')]],
    [['--url', 'https://example.test', fixture('guide.md')]],
    [['--email', 'o@example.test', fixture('guide.md')]],
  ])('%j is called wrongly', async (options) => {
    const ran = await run(...options)
    expect(ran.said).toMatch(/^knowledge:import: |Lamps/)
    expect([ran.code, asked.length]).toEqual([2, 0])
  })
})

interface GuideModule {
  importGuide(
    checkout: string,
    ready: object,
    options: { say: (line: string) => void; signal: AbortSignal; env: object; waitMs?: number },
  ): Promise<void>
}
const { importGuide } = (await import(GUIDE_TOOL)) as GuideModule

describe('the guide at npm start', () => {
  let said: string[]
  const guide = (name: string): string => join(folder, 'knowledge/guide', name)
  const start = async (env: object = {}, password = PASSWORD): Promise<void> => {
    said = []
    await importGuide(
      folder,
      { url, operator: { email: 'o@example.test', password } },
      { say: (line) => said.push(line), signal: new AbortController().signal, env },
    )
  }
  const text = (title: string, body: string): string =>
    `---\ntitle: ${title}\ndated_at: 2031-01-01\nlanguage: en\n---\n\n${body}\n`

  beforeEach(async () => {
    await mkdir(join(folder, 'knowledge/guide'), { recursive: true })
    await writeFile(guide('README.md'), 'About the guide.')
    await writeFile(guide('lamps.md'), text('Lamps', 'Lamps burn.'))
    await writeFile(guide('oil.md'), text('Oil', 'Oil burns.'))
  })

  test('is added once, updated when it changed, removed when it is gone', async () => {
    await start()
    expect(present()).toEqual(['Guide: Lamps', 'Guide: Oil'])
    expect(shared.map(({ source }) => source)).toEqual([
      'lexcustis:guide/lamps',
      'lexcustis:guide/oil',
    ])
    expect(said).toEqual([expect.stringMatching(/shared knowledge base: 2 new$/)])

    asked = []
    await start()
    expect(said).toEqual([])
    expect(asked).toEqual(['POST /api/v1/auth/login', 'GET /api/v1/knowledge'])

    // Older in date on purpose: what a release has is what counts.
    await writeFile(guide('lamps.md'), text('Lamps', 'Lamps glow.').replace('2031', '2030'))
    await rm(guide('oil.md'))
    await importing(fixture('guide.md'))
    await start()
    expect(said).toEqual([expect.stringMatching(/: 1 updated, 1 removed$/)])
    expect(present()).toEqual(['Lamps: who lights them', 'Guide: Lamps'])
    expect(shared.at(-1)?.text).toContain('Lamps glow.')
  })

  test('holds a start up for so long and no longer', async () => {
    becomes = { state: 'embedding', reason: null }
    const stop = new AbortController()
    said = []
    await importGuide(
      folder,
      { url, operator: { email: 'o@example.test', password: PASSWORD } },
      { say: (line) => said.push(line), signal: stop.signal, env: {}, waitMs: 300 },
    )
    expect(said).toEqual([])
    // It goes on behind the ready line, until the stack stops.
    await expect.poll(() => present().length).toBe(2)
    stop.abort()
  })

  test('never fails a start', async () => {
    await start({}, 'wrong')
    expect(said).toEqual([expect.stringMatching(/not imported \(.*password.*by hand$/)])
    await writeFile(guide('oil.md'), 'no front matter')
    await start()
    expect(said).toEqual([expect.stringMatching(/not imported \(.*front matter/)])
    expect(shared).toEqual([])
  })

  test('is left out when that is wanted, or when there is none', async () => {
    await start({ LEXCUSTIS_GUIDE: 'off' })
    await rm(join(folder, 'knowledge'), { recursive: true })
    await start()
    expect([said, asked]).toEqual([[], []])
  })
})
