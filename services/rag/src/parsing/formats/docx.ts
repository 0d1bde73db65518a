import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import mammoth from 'mammoth'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import { DocumentFault } from '../document-fault.js'
import { htmlToMarkdown } from './html.js'

const MAX_ENTRIES = 5_000
/** Of everything in it that is XML, unpacked; a novel has 2 MiB. */
const MAX_XML_BYTES = 200 * 1024 * 1024
const DAMAGED = 'it is damaged: it cannot be opened as a Word document'

const openZip = promisify<Buffer, { lazyEntries: boolean }, ZipFile | undefined>(fromBuffer)

/** Headings, paragraphs, lists and tables of a Word document (ECMA-376). Throws DocumentFault. */
export async function parseDocx(bytes: Uint8Array): Promise<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  await assertHarmless(buffer)
  const noImages = mammoth.images.imgElement(async () => Promise.resolve({ src: '' }))
  const html = await mammoth
    .convertToHtml({ buffer }, { convertImage: noImages, includeEmbeddedStyleMap: false })
    .catch(() => {
      throw new DocumentFault(DAMAGED)
    })
  return htmlToMarkdown(html.value)
}

/**
 * Unpacks every part that the converter may read, without keeping it: sizes in a zip can lie, and the
 * converter would find out by running out of memory.
 */
async function assertHarmless(buffer: Buffer): Promise<void> {
  const zip = await openZip(buffer, { lazyEntries: true }).catch(() => undefined)
  if (!zip) throw new DocumentFault(DAMAGED)
  if (zip.entryCount > MAX_ENTRIES) {
    throw new DocumentFault(`it has more than ${MAX_ENTRIES} parts`)
  }
  const names = new Set<string>()
  let xmlBytes = 0
  for await (const entry of entriesOf(zip)) {
    names.add(entry.fileName)
    if (!/\.(?:xml|rels)$/i.test(entry.fileName)) continue
    xmlBytes += await sizeOf(zip, entry, MAX_XML_BYTES - xmlBytes)
  }
  if (!names.has('word/document.xml')) {
    throw new DocumentFault('it is a zip file, but not a Word document')
  }
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  const next = async () =>
    new Promise<Entry | undefined>((resolve, reject) => {
      const settle = (done: () => void) => () => {
        zip.removeAllListeners()
        done()
      }
      zip.once('entry', (entry: Entry) => settle(() => resolve(entry))())
      zip.once(
        'end',
        settle(() => resolve(undefined)),
      )
      zip.once(
        'error',
        settle(() => reject(new DocumentFault(DAMAGED))),
      )
      zip.readEntry()
    })
  for (let entry = await next(); entry; entry = await next()) yield entry
}

/** Unpacked size of one part. Throws DocumentFault above `limit`, and for one that declares entities. */
async function sizeOf(zip: ZipFile, entry: Entry, limit: number): Promise<number> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) =>
      error ? reject(new DocumentFault(DAMAGED)) : resolve(opened),
    )
  })
  let sizeBytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (sizeBytes === 0 && /<!DOCTYPE|<!ENTITY/i.test(chunk.toString('latin1', 0, 4_096))) {
        throw new DocumentFault('it declares XML entities, which a Word document never does')
      }
      sizeBytes += chunk.length
      if (sizeBytes > limit) {
        throw new DocumentFault('it unpacks to more than 200 MiB; split it')
      }
    }
  } catch (error) {
    throw error instanceof DocumentFault ? error : new DocumentFault(DAMAGED)
  }
  return sizeBytes
}
