import { createHash } from 'node:crypto'
import { AppError, isUuidV7, isWellFormedText, mib } from '@lexcustis/core'
import type { Upload } from '../document.js'
import { TextCheck } from './decode-text.js'
import { isPlainText, type MediaType, mediaTypeOf } from './media-type.js'
import { assertSignature, SIGNATURE_BYTES } from './signature.js'
import type { UploadBudget } from './upload-budget.js'

export const MAX_UPLOAD_BYTES = mib(50)
const MAX_NAME = 255

export interface UploadHeader {
  readonly id: string
  readonly name: string
  readonly mediaType: string
}

/** One message of an upload; anything else on the wire is undefined. */
export type UploadPart =
  { readonly header: UploadHeader } | { readonly data: Uint8Array } | undefined

/**
 * Reads an upload to its end: first the header, then bytes. Refuses at the first byte that cannot be
 * accepted, so nothing larger than the limit is ever held.
 * Throws INVALID_INPUT, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE; UNAVAILABLE when the budget is spent.
 */
export async function readUpload(
  messages: AsyncIterable<UploadPart>,
  budget: UploadBudget,
): Promise<Upload> {
  const file = new UploadedFile()
  using share = budget.open()
  for await (const message of messages) {
    if (!message) throw new AppError('INVALID_INPUT', 'a message has neither a header nor data')
    if ('header' in message) {
      file.begin(message.header)
    } else {
      share.take(message.data.length)
      file.write(message.data)
    }
  }
  return file.end()
}

class UploadedFile {
  readonly #hash = createHash('sha256')
  readonly #check = new TextCheck()
  readonly #parts: Buffer[] = []
  #header: (UploadHeader & { readonly mediaType: MediaType }) | undefined
  #isKnown = false
  #sizeBytes = 0

  begin(header: UploadHeader): void {
    if (this.#header) throw new AppError('INVALID_INPUT', 'the header was sent twice')
    checkHeader(header)
    this.#header = { ...header, mediaType: mediaTypeOf(header.mediaType, header.name) }
  }

  write(data: Uint8Array): void {
    if (!this.#header) throw headerFirst()
    this.#sizeBytes += data.length
    if (this.#sizeBytes > MAX_UPLOAD_BYTES) {
      throw new AppError('PAYLOAD_TOO_LARGE', 'the file is larger than 50 MiB; split it')
    }
    if (isPlainText(this.#header.mediaType)) this.#check.write(data)
    this.#hash.update(data)
    this.#parts.push(Buffer.from(data.buffer, data.byteOffset, data.length))
    if (this.#sizeBytes >= SIGNATURE_BYTES) this.#assertKnown(this.#header.mediaType)
  }

  end(): Upload {
    if (!this.#header) throw headerFirst()
    if (this.#sizeBytes === 0) throw new AppError('INVALID_INPUT', 'the file is empty')
    this.#assertKnown(this.#header.mediaType)
    if (isPlainText(this.#header.mediaType)) this.#check.end()
    return {
      ...this.#header,
      sizeBytes: this.#sizeBytes,
      sha256: this.#hash.digest(),
      parts: this.#parts,
    }
  }

  /** Looks at the first bytes once, as soon as there are enough. */
  #assertKnown(type: MediaType): void {
    if (this.#isKnown) return
    assertSignature(type, Buffer.concat(this.#parts))
    this.#isKnown = true
  }
}

function headerFirst(): AppError {
  return new AppError('INVALID_INPUT', 'the first message must be the header, with id and name')
}

function checkHeader({ id, name }: UploadHeader): void {
  if (!isUuidV7(id)) throw new AppError('INVALID_INPUT', 'the id of the document is not a UUIDv7')
  if (name.trim() === '') throw new AppError('INVALID_INPUT', 'the file has no name')
  if (Array.from(name).length > MAX_NAME) {
    throw new AppError('INVALID_INPUT', `the file name is longer than ${MAX_NAME} characters`)
  }
  if (!isWellFormedText(name) || /\p{Cc}/u.test(name)) {
    throw new AppError('INVALID_INPUT', 'the file name contains control characters')
  }
}
