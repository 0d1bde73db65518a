import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mib, uuidv7 } from '@lexcustis/core'
import { createTokenCounter } from '@lexcustis/onnx'
import { DocumentState } from '@lexcustis/proto/rag'
import { tinyModelFiles } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_CHUNK_SIZE } from '../src/domain/chunking/chunk-text.js'
import type { ParsedDocument } from '../src/domain/ingest/parser.js'
import { ParserPool } from '../src/parsing/parser-pool.js'
import { buildPdf } from './files/pdf.js'
import { buildDocx, deflatedBomb, paragraph } from './files/zip.js'
import { RagStack, type RagClients, searchFor, store, upload } from './rag-stack.js'

describe('a thread that reads files', () => {
  const never = new AbortController().signal
  const csv = (text: string) => ({ mediaType: 'text/csv', bytes: Buffer.from(text) })
  const textsOf = ({ passages }: ParsedDocument) => passages.map(({ text }) => text)
  /** What is read after a file that was too much: the thread is a new one, the pool the same. */
  const readsOn = async (pool: ParserPool) => {
    expect(textsOf(await pool.parse(csv('a,b\n1,2'), never))).toEqual(['a: 1; b: 2'])
  }

  /** Twenty gigabytes of white space in twenty megabytes. */
  const bomb = () =>
    buildPdf([], {
      deflated: Buffer.concat([Buffer.from([0x78, 0xda]), deflatedBomb(20_000)]),
    })

  test('that takes too long is ended, and the next file is read', async () => {
    await using pool = new ParserPool({ timeoutMs: 4_000, memoryMb: 4_096 })
    const file = { mediaType: 'application/pdf', bytes: bomb() }
    await expect(pool.parse(file, never)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringMatching(/longer than 4 s/) as string,
    })
    await readsOn(pool)
  })

  test('whose heap grows too large is ended, and the next file is read', async () => {
    await using pool = new ParserPool({ timeoutMs: 60_000, memoryMb: 128 })
    await expect(pool.parse(csv(`a,b\n${'1,2\n'.repeat(3_000_000)}`), never)).rejects.toMatchObject(
      {
        reason: 'INVALID_INPUT',
        message: expect.stringMatching(/more than 128 MiB of memory/) as string,
      },
    )
    await readsOn(pool)
  })

  test('that unpacks gigabytes is ended before they are there, and the next file is read', async () => {
    await using pool = new ParserPool({ timeoutMs: 60_000, memoryMb: 128 })
    const pdf = bomb()
    const before = process.memoryUsage.rss()
    await expect(
      pool.parse({ mediaType: 'application/pdf', bytes: pdf }, never),
    ).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringMatching(/more than 128 MiB of memory/) as string,
    })
    expect(process.memoryUsage.rss() - before).toBeLessThan(mib(1_500))
    await readsOn(pool)
  })

  test('ends when nobody wants the answer any more', async () => {
    await using pool = new ParserPool({ timeoutMs: 60_000, memoryMb: 512 })
    const stop = new AbortController()
    const reading = pool.parse(csv('a,b\n'.repeat(2_000_000)), stop.signal)
    stop.abort(new Error('draining'))
    await expect(reading).rejects.toThrow('draining')
  })

  test('measures passages in tokens of the embedding model, the same every time', async () => {
    const modelDirectory = await mkdtemp(join(tmpdir(), 'lexcustis-tokens-'))
    await writeFile(join(modelDirectory, 'tokenizer.json'), tinyModelFiles()['tokenizer.json']!)
    const limits = { timeoutMs: 60_000, memoryMb: 512 }
    await using pool = new ParserPool({ ...limits, modelDirectory })
    await using estimating = new ParserPool(limits)
    const words = Array.from({ length: 4_000 }, (_, n) => `wort${(n * 7_919) % 997}`).join(' ')
    const file = () => ({ mediaType: 'text/plain', bytes: Buffer.from(words) })
    const counted = textsOf(await pool.parse(file(), never))
    const count = await createTokenCounter(modelDirectory)
    for (const text of counted) expect(count(text)).toBeLessThanOrEqual(MAX_CHUNK_SIZE / 100)
    expect(counted.join(' ')).toBe(words)
    expect(textsOf(await pool.parse(file(), never))).toEqual(counted)
    expect(textsOf(await estimating.parse(file(), never))).not.toEqual(counted)
    await rm(modelDirectory, { recursive: true })
  })

  test('estimates tokens where the model folder that it was told of cannot be used', async () => {
    const modelDirectory = join(tmpdir(), 'lexcustis-no-such-model')
    await using pool = new ParserPool({ timeoutMs: 60_000, memoryMb: 512, modelDirectory })
    await readsOn(pool)
  })
})

describe('files of every kind', () => {
  let stack: RagStack
  let clients: RagClients
  beforeAll(async () => {
    stack = await RagStack.start()
    clients = stack.clients((await stack.replica()).port)
  })
  afterAll(async () => stack[Symbol.asyncDispose]())

  test('become ready side by side with files that fail, each with its reason', async () => {
    const admin = await stack.as(uuidv7())
    const send = async (name: string, bytes: Uint8Array) => store(clients, admin, { name, bytes })
    const pdf = buildPdf([
      [{ text: 'Nothing about animals here.', y: 700 }],
      [
        { text: 'Badgers', size: 20, y: 760 },
        { text: 'They dig on page two.', y: 700 },
      ],
    ])
    expect(await send('act.pdf', pdf)).toMatchObject({
      reason: '',
      state: DocumentState.READY,
      chunkCount: 2,
    })
    expect(await send('scan.pdf', buildPdf([[]]))).toMatchObject({
      state: DocumentState.FAILED,
      reason: expect.stringMatching(/no text layer/) as string,
    })
    expect(await send('note.docx', await buildDocx(paragraph('Herons wade.')))).toMatchObject({
      state: DocumentState.READY,
      chunkCount: 1,
    })
    const { passages } = await clients.search.searchAll(
      searchFor({ query: 'where do badgers dig' }),
      admin,
    )
    expect(passages[0]).toMatchObject({ title: 'act.pdf', page: 2 })
  })

  test('whose bytes contradict their name are refused at once', async () => {
    const admin = await stack.as(uuidv7())
    await expect(
      clients.documents.ingestDocument(
        upload({ name: 'a.pdf', bytes: Buffer.from('89504e470d0a1a0a', 'hex') }),
        admin,
      ),
    ).rejects.toMatchObject({ reason: 'UNSUPPORTED_MEDIA_TYPE' })
  })
})
