import { TextDecoder } from 'node:util'
import { readFormex } from './formex-act.mjs'
import { readGuideFile } from './front-matter.mjs'
import { readHtmlAct } from './html-act.mjs'
import { ImportError } from './import-error.mjs'
import { readJsonAct } from './json-act.mjs'
import { isMarkdownAct, readMarkdownAct } from './markdown-act.mjs'

/** What the server takes; a legal act has a hundredth of it. */
export const MAX_BYTES = 50 * 2 ** 20

const SIGNATURES = [
  ['%PDF', 'is a PDF, in which nothing marks articles; download the act as HTML or Formex instead'],
  ['PK\u0003\u0004', 'is a zip archive; unpack it and import the folder'],
]

/**
 * What a file is, by what is in it and not by its name.
 * @typedef {{ format: 'html' | 'json' | 'markdown', act: Partial<import('./act.mjs').Act> }
 *   | { format: 'formex', formex: import('./formex-act.mjs').FormexFile }
 *   | { format: 'guide', guide: import('./front-matter.mjs').GuideFile }} Recognised
 */

/**
 * Reads a file of any format that can be imported. Throws ImportError.
 * @param {Buffer} bytes
 * @returns {Recognised}
 */
export function recognise(bytes) {
  if (bytes.length === 0) throw new ImportError('is empty; download it again')
  if (bytes.length > MAX_BYTES) {
    throw new ImportError('is larger than 50 MiB, which no act is; choose the text of one act')
  }
  const start = bytes.subarray(0, 4).toString('latin1')
  const foreign = SIGNATURES.find(([signature]) => start.startsWith(signature))
  if (foreign) throw new ImportError(foreign[1])
  const text = decode(bytes)
  const trimmed = text.trimStart()
  if (trimmed === '') throw new ImportError('has no text; download it again')
  if (/^[[{]/.test(trimmed)) return { format: 'json', act: readJsonAct(trimmed) }
  if (trimmed.startsWith('<')) return recogniseMarkup(trimmed)
  if (isMarkdownAct(text)) return { format: 'markdown', act: readMarkdownAct(text) }
  return { format: 'guide', guide: readGuideFile(text) }
}

/** Pages of EUR-Lex are XHTML: the first element decides, not the XML declaration. */
function recogniseMarkup(text) {
  const first = /<(?![?!])\s*([\w.:-]+)/.exec(text)?.[1]?.toLowerCase()
  if (first === 'html') return { format: 'html', act: readHtmlAct(text) }
  if (first !== undefined && /^<\?xml|^<[A-Z]/.test(text)) {
    return { format: 'formex', formex: readFormex(text) }
  }
  throw new ImportError('is neither a page of EUR-Lex nor Formex; save the whole page as HTML')
}

function decode(bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Said below.
  }
  throw new ImportError(
    'is no text in UTF-8; download the HTML or XML from EUR-Lex, or save it as UTF-8',
  )
}
