import mammoth from 'mammoth'
import { DocumentFault } from '../document-fault.js'
import { htmlToMarkdown } from './html.js'
import { unzip } from './unzip.js'

const MAIN_PART = 'word/document.xml'
const DAMAGED = 'it is damaged: it cannot be opened as a Word document'

type Input = Parameters<typeof mammoth.convertToHtml>[0]

/** Headings, paragraphs, lists and tables of a Word document (ECMA-376). Throws DocumentFault. */
export async function parseDocx(bytes: Uint8Array): Promise<string> {
  const parts = await unzip(bytes).catch((error: unknown) => {
    throw error instanceof DocumentFault ? error : new DocumentFault(DAMAGED)
  })
  if (!parts.has(MAIN_PART)) throw new DocumentFault('it is a zip file, but not a Word document')
  for (const part of parts.values()) assertNoEntities(part)
  const noImages = mammoth.images.imgElement(async () => Promise.resolve({ src: '' }))
  const html = await mammoth
    .convertToHtml(toInput(parts), { convertImage: noImages, includeEmbeddedStyleMap: false })
    .catch(() => {
      throw new DocumentFault(DAMAGED)
    })
  return htmlToMarkdown(html.value)
}

/**
 * What was unpacked is what is converted: the converter's own way of opening a zip knows no limits and
 * may see another content in a file made for that. Its typings leave this input out.
 */
function toInput(parts: ReadonlyMap<string, Buffer>): Input {
  const file = {
    exists: (name: string) => parts.has(name),
    read: async (name: string, encoding?: string) => {
      const part = parts.get(name)
      if (!part) throw new DocumentFault(DAMAGED)
      return encoding === undefined ? part : new TextDecoder(encoding).decode(part)
    },
  }
  return { file } as unknown as Input
}

/** Entities can multiply (billion laughs); Word writes none. Outside a CDATA section `<!` is markup. */
function assertNoEntities(part: Buffer): void {
  if (part.includes('<!DOCTYPE') || part.includes('<!ENTITY')) {
    throw new DocumentFault('it declares XML entities, which a Word document never does')
  }
}
