import { AppError } from '@lexcustis/core'
import { isCharset } from './decode-text.js'

/** Media type → extensions, the usual one first. */
const TYPES = {
  'text/plain': ['txt', 'text'],
  'text/markdown': ['md', 'markdown'],
  'text/html': ['html', 'htm', 'xhtml'],
  'text/csv': ['csv', 'tsv'],
  'application/pdf': ['pdf'],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': ['docx'],
  'message/rfc822': ['eml'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type MediaType = keyof typeof TYPES

const MEDIA_TYPES = Object.keys(TYPES) as MediaType[]

export const ACCEPTED = MEDIA_TYPES.map((type) => `.${TYPES[type][0]}`).join(', ')

/** Other names that senders use. */
const ALIASES: ReadonlyMap<string, MediaType> = new Map([
  ['text/x-markdown', 'text/markdown'],
  ['application/xhtml+xml', 'text/html'],
  ['application/csv', 'text/csv'],
  ['text/tab-separated-values', 'text/csv'],
  ['application/x-pdf', 'application/pdf'],
])
const BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map(
  MEDIA_TYPES.flatMap((type) => TYPES[type].map((extension) => [extension, type] as const)),
)
/** What browsers and curl declare when they do not know. */
const UNKNOWN = new Set(['', 'application/octet-stream'])
/** What is declared of many files that are really something else of ours; then the name decides. */
const VAGUE: ReadonlySet<MediaType> = new Set(['text/plain'])
/** Formats that are never any of ours, whatever they are declared as. */
const FOREIGN = new Set(
  'doc docm odt rtf xls xlsx ods ppt pptx odp epub zip gz 7z png jpg jpeg gif webp tif tiff heic mp3 mp4 msg'.split(
    ' ',
  ),
)

/** A media type, and the character set of a text in another one than UTF-8. */
export interface FileType {
  readonly type: MediaType
  /** A label of the WHATWG Encoding standard. */
  readonly charset: string | undefined
}

/**
 * What a file is read as, from the declared type first and then the name's extension; a file that is
 * declared as plain text is what its name says. Throws UNSUPPORTED_MEDIA_TYPE.
 */
export function fileTypeOf(declared: string, name: string): FileType {
  const [declaredType = '', ...parameters] = declared.toLowerCase().split(/\s*;\s*/)
  const type = typeOf(declaredType.trim(), name)
  return { type, charset: charsetOf(parameters) }
}

/** As a media type is written, with its character set where that is not UTF-8. */
export function writeMediaType({ type, charset }: FileType): string {
  return charset === undefined ? type : `${type}; charset=${charset}`
}

/** Reads what `writeMediaType` wrote. */
export function readMediaType(written: string): FileType {
  const [name = '', charset] = written.split('; charset=')
  const type = typeNamed(name)
  if (!type) throw new AppError('INTERNAL', 'a stored media type is none of those accepted')
  return { type, charset }
}

function typeOf(declared: string, name: string): MediaType {
  const extension = /\.([^.]+)$/.exec(name.toLowerCase())?.[1] ?? ''
  if (FOREIGN.has(extension)) throw unsupported(`a .${extension} file is not accepted`)
  const byExtension = BY_EXTENSION.get(extension)
  const byType = UNKNOWN.has(declared) ? byExtension : typeNamed(declared)
  if (!byType) {
    throw unsupported('neither the declared type nor the name says that this is such a file')
  }
  return VAGUE.has(byType) && byExtension ? byExtension : byType
}

/** Whether the bytes are text that says nothing about its own character set. */
export function isPlainText(type: MediaType): boolean {
  return type === 'text/plain' || type === 'text/markdown' || type === 'text/csv'
}

function typeNamed(name: string): MediaType | undefined {
  return ALIASES.get(name) ?? MEDIA_TYPES.find((type) => type === name)
}

/** Undefined for UTF-8, of which ASCII is a part, and when nothing is declared. */
function charsetOf(parameters: readonly string[]): string | undefined {
  const declared = parameters.find((part) => part.startsWith('charset='))
  const label = declared?.slice('charset='.length).replaceAll('"', '').trim() ?? ''
  if (/^(?:|utf-?8|us-ascii)$/.test(label)) return undefined
  if (!isCharset(label)) throw unsupported('the declared character set is not known')
  return label
}

function unsupported(problem: string): AppError {
  return new AppError('UNSUPPORTED_MEDIA_TYPE', `${problem}; accepted are ${ACCEPTED}`)
}
