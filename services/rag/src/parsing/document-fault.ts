/** What is wrong with a document, in words for its owner. */
export class DocumentFault extends Error {
  override readonly name = 'DocumentFault'
}

/** Of everything read from one file; a larger text is a larger document than anybody searches. */
export const MAX_TEXT_CHARS = 20_000_000

export function assertTextSize(chars: number): void {
  if (chars > MAX_TEXT_CHARS) {
    throw new DocumentFault(`it holds more than ${MAX_TEXT_CHARS} characters of text; split it`)
  }
}
