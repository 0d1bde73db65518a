import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const TOOL = join(import.meta.dirname, '../tools/models-pull.mjs')
const REVISION = '0123456789abcdef0123456789abcdef01234567'
const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251))
const PART = `weights.bin.${REVISION.slice(0, 12)}.part`
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

interface Asked {
  readonly url: string
  readonly range: string | undefined
}

let server: Server
let mirror: string
let directory: string
const asked: Asked[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void

/** As a web server with ranges does. */
function sendFile({ headers }: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
  if (from >= BYTES.length) {
    response.writeHead(416, { 'content-range': `bytes */${BYTES.length}` }).end()
    return
  }
  const range = `bytes ${from}-${BYTES.length - 1}/${BYTES.length}`
  response.writeHead(headers.range ? 206 : 200, {
    'content-length': BYTES.length - from,
    ...(headers.range ? { 'content-range': range } : {}),
  })
  response.end(BYTES.subarray(from))
}

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', range: request.headers.range })
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mirror`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lexcustis-models-'))
  asked.length = 0
  answer = sendFile
})
afterEach(async () => rm(directory, { recursive: true, force: true }))

async function manifest(file: Record<string, unknown>): Promise<string> {
  const path = join(directory, 'manifest.json')
  const model = { name: 'tiny', repository: 'owner/tiny', revision: REVISION }
  const files = [{ path: 'weights.bin', ...file }]
  await writeFile(path, JSON.stringify({ models: [{ ...model, files }] }))
  return path
}

const hashed = { sha256: sha256(BYTES), size: BYTES.length }
const target = () => join(directory, 'models', 'tiny', 'weights.bin')

async function pull(
  file: Record<string, unknown>,
  ...options: string[]
): Promise<{ code: number | null; said: string }> {
  const list = await manifest(file)
  const child = spawn(
    process.execPath,
    [TOOL, '--dir', join(directory, 'models'), '--manifest', list, '--mirror', mirror, ...options],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, said }
}

/** Only what belongs there: nothing that was not verified has the name of the file. */
const left = async () => (await readdir(join(directory, 'models', 'tiny'))).sort()

describe('models:pull', () => {
  test('fetches, verifies and fetches no second time what is there', async () => {
    const { code, said } = await pull(hashed)
    expect(said).toContain('RAG_MODEL_DIR=')
    expect(code).toBe(0)
    expect((await readFile(target())).equals(BYTES)).toBe(true)
    expect(await left()).toEqual(['weights.bin'])
    expect(asked).toEqual([
      { url: `/mirror/owner/tiny/resolve/${REVISION}/weights.bin`, range: undefined },
    ])
    expect((await pull(hashed)).said).toContain('is there')
    expect(asked).toHaveLength(1)
  })

  test('goes on where the connection was cut', async () => {
    answer = (request, response) => {
      if (request.headers.range) {
        sendFile(request, response)
        return
      }
      response.writeHead(200, { 'content-length': BYTES.length })
      response.write(BYTES.subarray(0, 100_000), () => response.destroy())
    }
    expect((await pull(hashed)).code).toBe(0)
    expect((await readFile(target())).equals(BYTES)).toBe(true)
    expect(asked).toHaveLength(2)
    const from = Number(/^bytes=(\d+)-$/.exec(asked[1]?.range ?? '')?.[1])
    expect(from).toBeGreaterThan(0)
    expect(from).toBeLessThanOrEqual(100_000)
  })

  test.each([
    [100_000, 'bytes=100000-'],
    // Everything had arrived, only the name was missing.
    [BYTES.length, `bytes=${BYTES.length}-`],
  ])('goes on after %i bytes of an earlier pull', async (length, range) => {
    await mkdir(join(directory, 'models', 'tiny'), { recursive: true })
    await writeFile(join(directory, 'models', 'tiny', PART), BYTES.subarray(0, length))
    expect((await pull(hashed)).code).toBe(0)
    expect((await readFile(target())).equals(BYTES)).toBe(true)
    expect(asked.map((each) => each.range)).toEqual([range])
  })

  test('begins anew when the mirror knows no ranges', async () => {
    await mkdir(join(directory, 'models', 'tiny'), { recursive: true })
    await writeFile(join(directory, 'models', 'tiny', PART), Buffer.alloc(400_000, 'x'))
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES)
    }
    expect((await pull(hashed)).code).toBe(0)
    expect((await readFile(target())).equals(BYTES)).toBe(true)
  })

  test('follows a redirect, as large files are served', async () => {
    answer = (request, response) => {
      if (request.url?.startsWith('/cdn')) {
        sendFile(request, response)
        return
      }
      response.writeHead(302, { location: '/cdn/blob' }).end()
    }
    expect((await pull(hashed)).code).toBe(0)
    expect((await readFile(target())).equals(BYTES)).toBe(true)
  })

  test.each([
    ['of the right size', { sha256: 'a'.repeat(64) }],
    ['of another size', { size: 7, sha256: sha256(BYTES) }],
  ])('throws away a file %s that is not what the list says', async (_, file) => {
    const { code, said } = await pull(file)
    expect(said).toMatch(/not what it should be.*thrown away/)
    expect(code).toBe(3)
    expect(await left()).toEqual([])
  })

  test('replaces a file that was changed', async () => {
    await mkdir(join(directory, 'models', 'tiny'), { recursive: true })
    await writeFile(target(), 'other bytes')
    expect((await pull(hashed)).said).toContain('fetching it again')
    expect((await readFile(target())).equals(BYTES)).toBe(true)
  })

  test('says when a file is not there, and does not try for long', async () => {
    answer = (_, response) => {
      response.writeHead(404).end()
    }
    const { code, said } = await pull(hashed)
    expect(said).toMatch(/answered 404 for http.*weights\.bin/)
    expect(code).toBe(5)
    expect(asked).toHaveLength(1)
  })

  test('says when there is no room before it writes anything', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': Number.MAX_SAFE_INTEGER }).write('x')
    }
    const { code, said } = await pull(hashed)
    expect(said).toMatch(/to be written into .* are free/)
    expect(code).toBe(4)
  })

  test('believes an unknown file only when told to, and holds the mirror to it from then on', async () => {
    const unknown = await pull({})
    expect(unknown.said).toMatch(/no SHA-256 is known of tiny\/weights\.bin.*--write-lock/)
    expect([unknown.code, asked.length]).toEqual([2, 0])
    expect((await pull({}, '--write-lock')).said).toContain('recorded, not verified')
    const lock = JSON.parse(
      await readFile(join(directory, 'models', 'models.lock.json'), 'utf8'),
    ) as { sha256: Record<string, string> }
    expect(lock.sha256).toEqual({ [`tiny@${REVISION}/weights.bin`]: sha256(BYTES) })
    await rm(target())
    answer = (_, response) => {
      response.writeHead(200).end('exchanged')
    }
    expect((await pull({}, '--write-lock')).code).toBe(3)
    answer = sendFile
    expect((await pull({})).code).toBe(0)
  })

  test.each([
    [{ path: '../escape' }, []],
    [{ path: '/etc/passwd' }, []],
    [{ sha256: 'short' }, []],
    [hashed, ['--mirror', 'ftp://mirror.example']],
    [hashed, ['--unknown']],
    [hashed, ['another-model']],
  ])('refuses %j %j before it asks anybody', async (file, options) => {
    const { code, said } = await pull(file, ...options)
    expect(said).toMatch(/^models:pull: /)
    expect([code, asked.length]).toEqual([2, 0])
  })

  test('the list that ships is one it reads, and pins a revision', async () => {
    const list = join(import.meta.dirname, '../tools/models/models.json')
    const { models } = JSON.parse(await readFile(list, 'utf8')) as {
      models: { name: string; revision: string }[]
    }
    expect(models).toMatchObject([
      { name: 'bge-m3', revision: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown },
    ])
    const { code, said } = await pull(hashed, '--manifest', list)
    expect([code, asked.length]).toEqual([2, 0])
    expect(said).toContain('no SHA-256 is known of bge-m3/config.json')
  })
})

interface PullModule {
  download(options: Record<string, unknown>): Promise<void>
}
interface TrustModule {
  checkTrusted(url: string): void
}
const load = async <T>(name: string) =>
  (await import(join(import.meta.dirname, '../tools/models', name))) as T

test('a mirror that keeps breaking off without a byte is given up after six attempts', async () => {
  answer = (_, response) => response.destroy()
  const { download } = await load<PullModule>('download.mjs')
  const settings = { stallMs: 5_000, retryMs: 1, onProgress: () => 0, checkSource: () => 0 }
  await expect(
    download({ ...settings, url: mirror, part: join(directory, 'x.part') }),
  ).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining(mirror) as unknown })
  expect(asked).toHaveLength(6)
})

test('what nobody has a hash of is taken over TLS alone', async () => {
  const { checkTrusted } = await load<TrustModule>('pull.mjs')
  expect(() => checkTrusted('http://mirror.example/x')).toThrow(/is not https/)
  expect(() => checkTrusted('https://mirror.example/x')).not.toThrow()
})

test('a mirror that falls silent is asked again, for the rest', async () => {
  answer = (request, response) => {
    if (request.headers.range) {
      sendFile(request, response)
      return
    }
    response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.subarray(0, 1_000))
  }
  const { download } = await load<PullModule>('download.mjs')
  const part = join(directory, 'x.part')
  const settings = { stallMs: 300, retryMs: 1, onProgress: () => 0, checkSource: () => 0 }
  await download({ ...settings, url: mirror, part })
  expect((await readFile(part)).equals(BYTES)).toBe(true)
  expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=1000-'])
})
