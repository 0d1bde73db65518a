import { AppError } from '@lexcustis/core'

/** Byte order marks (WHATWG Encoding, section 6). */
const MARKS: readonly (readonly [bytes: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
]
const LONGEST_MARK = 3

/**
 * Checks bytes as they arrive; `end` must be called after the last. A byte order mark decides on the
 * encoding, then what is declared, then it is UTF-8. Throws INVALID_INPUT.
 */
export class TextCheck {
  readonly #declared: string | undefined
  #head = Buffer.alloc(0)
  #decoder: TextDecoder | undefined
  #hasText = false

  constructor(declared?: string) {
    this.#declared = declared
  }

  write(bytes: Uint8Array): void {
    if (this.#decoder) {
      this.#see(decode(this.#decoder, bytes))
      return
    }
    this.#head = Buffer.concat([this.#head, bytes])
    if (this.#head.length >= LONGEST_MARK) this.#begin()
  }

  end(): void {
    this.#see(decode(this.#decoder ?? this.#begin()))
    if (!this.#hasText) {
      throw new AppError('INVALID_INPUT', 'the file contains nothing but white space')
    }
  }

  #begin(): TextDecoder {
    this.#decoder = openDecoder(this.#head, this.#declared)
    this.#see(decode(this.#decoder, this.#head))
    return this.#decoder
  }

  #see(text: string): void {
    assertNoNul(text)
    this.#hasText ||= /\S/.test(text)
  }
}

/** Text of a file, decided on as in TextCheck; a byte order mark is not part of it. */
export function decodeText(bytes: Uint8Array, declared?: string): string {
  const decoder = openDecoder(bytes, declared)
  // In two steps: Node 20 decodes windows-1252 as ISO 8859-1 when it gets everything at once.
  const text = decode(decoder, bytes) + decode(decoder)
  assertNoNul(text)
  return text
}

/** Whether this is the name of a character set that `declared` may have. */
export function isCharset(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== ''
  } catch {
    return false
  }
}

type TextDecoder = InstanceType<typeof TextDecoder>

function openDecoder(head: Uint8Array, declared: string | undefined): TextDecoder {
  const marked = MARKS.find(([bytes]) => bytes.every((byte, at) => head[at] === byte))?.[1]
  const label = marked ?? declared ?? 'utf-8'
  if (!isCharset(label)) {
    throw new AppError(
      'INVALID_INPUT',
      'the file declares a character set that is not known; save it as UTF-8',
    )
  }
  return new TextDecoder(label, { fatal: true })
}

/** Without bytes: the end, where nothing may be cut off. */
function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch (error) {
    const encoding = decoder.encoding.toUpperCase()
    throw new AppError(
      'INVALID_INPUT',
      `the file is not valid ${encoding}; save it as UTF-8, or declare its character set`,
      { cause: error },
    )
  }
}

function assertNoNul(text: string): void {
  if (text.includes('\0')) {
    throw new AppError('INVALID_INPUT', 'the file contains NUL bytes and is not a text file')
  }
}
