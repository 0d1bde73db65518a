import { mib, uuidv7 } from '@lexcustis/core'
import { DocumentState } from '@lexcustis/proto/rag'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ParserPool } from '../src/parsing/parser-pool.js'
import { buildPdf, type PdfLine } from './files/pdf.js'
import { buildDocx, paragraph } from './files/zip.js'
import { RagStack, type RagClients, searchFor, store, upload } from './rag-stack.js'

describe('a thread that reads files', () => {
  const never = new AbortController().signal
  const slow = Buffer.from(`a\n${'"x" '.repeat(2)}`)
  const csv = (bytes: Buffer) => ({ mediaType: 'text/csv' as const, bytes })

  test('that takes too long is ended, and the next file is read', async () => {
    await using pool = new ParserPool({ timeoutMs: 4_000, memoryMb: 512 })
    const line = { text: 'x', y: 700 }
    const endless = buildPdf(Array.from({ length: 3_000 }, () => Array<PdfLine>(200).fill(line)))
    await expect(
      pool.parse({ mediaType: 'application/pdf', bytes: endless }, never),
    ).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringMatching(/4 s/) as string,
    })
    expect(await pool.parse(csv(Buffer.from('a,b\n1,2')), never)).toMatchObject({
      text: 'a: 1; b: 2\n\n',
    })
  })

  test('that takes too much memory is ended, and the next file is read', async () => {
    await using pool = new ParserPool({ timeoutMs: 60_000, memoryMb: 128 })
    const large = Buffer.from(`a,b\n${'1,2\n'.repeat(3_000_000)}`)
    await expect(pool.parse(csv(large), never)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringMatching(/128 MiB/) as string,
    })
    expect((await pool.parse(csv(Buffer.from('a,b\n1,2')), never)).text).toBe('a: 1; b: 2\n\n')
  })

  test('ends when nobody wants the answer any more', async () => {
    await using pool = new ParserPool({ timeoutMs: 60_000, memoryMb: 512 })
    const stop = new AbortController()
    const reading = pool.parse(
      csv(Buffer.concat([slow, Buffer.alloc(mib(8), 'a,b\n')])),
      stop.signal,
    )
    stop.abort(new Error('draining'))
    await expect(reading).rejects.toThrow('draining')
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
