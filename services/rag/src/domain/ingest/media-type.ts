import { AppError } from '@lexcustis/core'

export const ACCEPTED = 'text/plain (.txt) and text/markdown (.md), both in UTF-8'

export type MediaType = 'text/plain' | 'text/markdown'

const BY_TYPE: ReadonlyMap<string, MediaType> = new Map([
  ['text/plain', 'text/plain'],
  ['text/markdown', 'text/markdown'],
  ['text/x-markdown', 'text/markdown'],
])
const BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map([
  ['txt', 'text/plain'],
  ['text', 'text/plain'],
  ['md', 'text/markdown'],
  ['markdown', 'text/markdown'],
])
/** What browsers and curl declare when they do not know. */
const UNKNOWN = new Set(['', 'application/octet-stream'])
/** Formats that are never plain text, whatever they are declared as. */
const FOREIGN = new Set(
  'pdf doc docx docm odt rtf xls xlsx ods ppt pptx odp epub zip gz 7z png jpg jpeg gif webp tif tiff heic mp3 mp4'.split(
    ' ',
  ),
)

/**
 * The type a file is read as, from the declared type first and then the name's extension. A Markdown
 * file that was declared as plain text is Markdown. Throws UNSUPPORTED_MEDIA_TYPE.
 */
export function mediaTypeOf(declared: string, name: string): MediaType {
  const [type = '', ...parameters] = declared.toLowerCase().split(/\s*;\s*/)
  checkCharset(parameters)
  const extension = /\.([^.]+)$/.exec(name.toLowerCase())?.[1] ?? ''
  if (FOREIGN.has(extension)) throw unsupported(`a .${extension} file is not accepted`)
  const byExtension = BY_EXTENSION.get(extension)
  const byType = UNKNOWN.has(type.trim()) ? byExtension : BY_TYPE.get(type.trim())
  if (!byType) {
    throw unsupported('neither the declared type nor the name says that this is such a file')
  }
  return byExtension === 'text/markdown' ? byExtension : byType
}

function checkCharset(parameters: readonly string[]): void {
  const charset = parameters.find((part) => part.startsWith('charset='))
  if (charset && !/^charset="?(utf-?8|us-ascii)"?\s*$/.test(charset)) {
    throw unsupported('the declared character set is not UTF-8')
  }
}

function unsupported(problem: string): AppError {
  return new AppError('UNSUPPORTED_MEDIA_TYPE', `${problem}; accepted are ${ACCEPTED}`)
}
