import { mib } from '@lexcustis/core'

/** What is wrong with a document, in words for its owner. */
export class DocumentFault extends Error {
  override readonly name = 'DocumentFault'
}

/** Of everything read from one file: as much as the largest plain text that can be uploaded has. */
const MAX_TEXT_CHARS = mib(50)

export function assertTextSize(chars: number): void {
  if (chars > MAX_TEXT_CHARS) {
    throw new DocumentFault(`it holds more than ${MAX_TEXT_CHARS} characters of text; split it`)
  }
}
