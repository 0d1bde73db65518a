import { AppError } from '@lexcustis/core'

const NUL = 0

/** Checks bytes as they arrive; `end` must be called after the last. Throws INVALID_INPUT. */
export class TextCheck {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #hasText = false

  write(bytes: Uint8Array): void {
    if (bytes.includes(NUL)) {
      throw new AppError('INVALID_INPUT', 'the file contains NUL bytes and is not a text file')
    }
    this.#see(() => this.#decoder.decode(bytes, { stream: true }))
  }

  end(): void {
    this.#see(() => this.#decoder.decode())
    if (!this.#hasText)
      throw new AppError('INVALID_INPUT', 'the file contains nothing but white space')
  }

  #see(decode: () => string): void {
    let text: string
    try {
      text = decode()
    } catch (error) {
      throw new AppError('INVALID_INPUT', 'the file is not valid UTF-8; save it as UTF-8', {
        cause: error,
      })
    }
    this.#hasText ||= /\S/.test(text)
  }
}

/** Text of a file that was checked; a byte order mark is not part of it. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}
