import { AppError } from '@lexcustis/core'
import type { MediaType } from './media-type.js'

/** A PDF may have other bytes before its mark (ISO 32000-1, annex H.3.4.1). */
export const SIGNATURE_BYTES = 1_024

const DOCX: MediaType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
const PDF_MARK = '%PDF-'
const ZIP_MARK = 'PK\u0003\u0004'
/** Old Office files, and new ones with a password. */
const OLE_MARK = '\u00d0\u00cf\u0011\u00e0'

/** Beginnings that no text has. */
const BINARY: readonly (readonly [mark: string, what: string])[] = [
  [PDF_MARK, 'a PDF'],
  [ZIP_MARK, 'a zip file'],
  [OLE_MARK, 'an old Office file'],
  ['\u0089PNG', 'a PNG image'],
  ['\u00ff\u00d8\u00ff', 'a JPEG image'],
  ['GIF8', 'a GIF image'],
  ['\u001f\u008b', 'a gzip file'],
]

/**
 * Compares the first bytes of a file (at most SIGNATURE_BYTES) with what it is said to be. Throws
 * UNSUPPORTED_MEDIA_TYPE when they contradict.
 */
export function assertSignature(type: MediaType, bytes: Uint8Array): void {
  const head = Buffer.from(bytes.subarray(0, SIGNATURE_BYTES)).toString('latin1')
  if (type === 'application/pdf') {
    if (!head.includes(PDF_MARK)) throw contradicts(type, whatIs(head))
  } else if (type === DOCX) {
    if (head.startsWith(OLE_MARK)) {
      throw new AppError(
        'UNSUPPORTED_MEDIA_TYPE',
        'the file is an old Word document (.doc) or one with a password; save it as .docx without one',
      )
    }
    if (!head.startsWith(ZIP_MARK)) throw contradicts(type, whatIs(head))
  } else {
    const what = whatIs(head)
    if (what !== undefined) throw contradicts(type, what)
  }
}

function whatIs(head: string): string | undefined {
  return BINARY.find(([mark]) => head.startsWith(mark))?.[1]
}

function contradicts(type: MediaType, what = 'something else'): AppError {
  return new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    `the file is declared or named as ${type}, but its bytes are those of ${what}`,
  )
}
