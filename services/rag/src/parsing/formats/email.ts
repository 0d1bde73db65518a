import PostalMime, { type Address, type Email } from 'postal-mime'
import { type MediaType, mediaTypeOf } from '../../domain/ingest/media-type.js'
import { DocumentFault } from '../document-fault.js'
import { MarkdownText } from '../markdown-text.js'
import { htmlToMarkdown } from './html.js'

const MAX_ATTACHMENTS = 100
const MAX_NESTING = 20
/** One of these is in every message (RFC 5322, section 3.6). */
const KNOWN = new Set(['from', 'date', 'subject', 'to', 'message-id', 'received'])

/** Reads an attachment; undefined for a type that is not read inside an e-mail. */
export type ParseAttachment = (
  bytes: Uint8Array,
  mediaType: MediaType,
) => Promise<string | undefined>

/**
 * Headers, body and attachments of a message (RFC 5322, RFC 2045). An attachment that cannot be read
 * is named with the reason and does not keep the rest from being read. Throws DocumentFault.
 */
export async function parseEmail(bytes: Uint8Array, parse: ParseAttachment): Promise<string> {
  const email = await read(bytes)
  const out = new MarkdownText()
  out.heading(1, email.subject ?? 'Message without a subject')
  out.paragraph(headersOf(email))
  const parts = [out.toString(), bodyOf(email)]
  for (const { filename, mimeType, content } of email.attachments) {
    const title = new MarkdownText()
    title.heading(2, `Attachment: ${filename ?? 'without a name'}`)
    parts.push(title.toString(), await attached(content, mimeType, filename ?? '', parse))
  }
  return parts.join('')
}

async function read(bytes: Uint8Array): Promise<Email> {
  const email = await PostalMime.parse(bytes, {
    maxNestingDepth: MAX_NESTING,
    attachmentEncoding: 'arraybuffer',
  }).catch(() => {
    throw new DocumentFault(`it is damaged, or parts of it are nested deeper than ${MAX_NESTING}`)
  })
  if (email.attachments.length > MAX_ATTACHMENTS) {
    throw new DocumentFault(`it has more than ${MAX_ATTACHMENTS} attachments`)
  }
  if (!email.headers.some(({ key }) => KNOWN.has(key)))
    throw new DocumentFault('it has no headers and is not an e-mail')
  return email
}

function headersOf({ from, to, cc, date }: Email): string {
  const lines = [
    ['From', from ? nameOf(from) : ''],
    ['To', (to ?? []).map(nameOf).join(', ')],
    ['Cc', (cc ?? []).map(nameOf).join(', ')],
    ['Date', date ?? ''],
  ]
  return lines.flatMap(([name, value]) => (value ? [`${name ?? ''}: ${value}`] : [])).join('\n')
}

function nameOf({ name, address }: Address): string {
  return address ? `${name} <${address}>`.trim() : name
}

function bodyOf({ text, html }: Email): string {
  if (html !== undefined && (text === undefined || text.trim() === '')) return htmlToMarkdown(html)
  const out = new MarkdownText()
  for (const paragraph of (text ?? '').split(/\r?\n\s*\r?\n/)) out.paragraph(paragraph)
  return out.toString()
}

async function attached(
  content: ArrayBuffer | Uint8Array | string,
  declared: string,
  name: string,
  parse: ParseAttachment,
): Promise<string> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content)
  const note = new MarkdownText()
  try {
    const text = await parse(bytes, mediaTypeOf(declared, name))
    if (text !== undefined) return text
    note.paragraph('(a message inside a message is not read)')
  } catch (error) {
    const why = error instanceof DocumentFault ? error.message : 'its type is not accepted'
    note.paragraph(`(not read: ${why})`)
  }
  return note.toString()
}
