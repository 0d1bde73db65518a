import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { mib } from '@lexcustis/core'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import { DocumentFault } from '../document-fault.js'

const MAX_PARTS = 5_000
/** Of everything that is kept; the XML of a long novel has 10 MiB. */
const MAX_UNPACKED_BYTES = mib(200)
/** Pictures and fonts are not read, and hardly get smaller by packing. */
const NOT_READ = /^(?:word\/media\/|word\/fonts\/|word\/embeddings\/)|\/$/i

const openZip = promisify<Buffer, { lazyEntries: boolean }, ZipFile | undefined>(fromBuffer)

/**
 * The parts of a zip by name, unpacked. Sizes in a zip can lie, so bytes are counted as they come out.
 * Throws DocumentFault for one that is too large, and what yauzl throws for a damaged one.
 */
export async function unzip(bytes: Uint8Array): Promise<Map<string, Buffer>> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const zip = await openZip(buffer, { lazyEntries: true })
  if (!zip) throw new Error('no zip file')
  if (zip.entryCount > MAX_PARTS) throw new DocumentFault(`it has more than ${MAX_PARTS} parts`)
  const openPart = promisify<Entry, Readable>(zip.openReadStream.bind(zip))
  const parts = new Map<string, Buffer>()
  let left = MAX_UNPACKED_BYTES
  for await (const entry of entriesOf(zip)) {
    if (NOT_READ.test(entry.fileName)) continue
    const part = await readPart(await openPart(entry), left)
    left -= part.length
    parts.set(entry.fileName, part)
  }
  return parts
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  const end = new AbortController()
  zip.once('end', () => end.abort())
  for (;;) {
    const next = once(zip, 'entry', { signal: end.signal }) as Promise<[Entry]>
    zip.readEntry()
    const entry = await next.catch((error: unknown) => {
      if (end.signal.aborted) return undefined
      throw error
    })
    if (!entry) return
    yield entry[0]
  }
}

async function readPart(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > limit) {
      throw new DocumentFault('it unpacks to more than 200 MiB; split it')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
