import { createHash } from 'node:crypto'
import { AppError, isUuid, isUuidV7, isWellFormedText, mib } from '@lexcustis/core'
import type { Upload } from '../document.js'
import { TextCheck } from './decode-text.js'
import { fileTypeOf, isPlainText, type MediaType, writeMediaType } from './media-type.js'
import { assertSignature, SIGNATURE_BYTES } from './signature.js'
import type { UploadBudget } from './upload-budget.js'

export const MAX_UPLOAD_BYTES = mib(50)
const MAX_NAME = 255

export interface UploadHeader {
  readonly id: string
  readonly name: string
  readonly mediaType: string
  /** Id of a document; empty for none. */
  readonly replaces: string
  /** ISO 639-1; empty when it is to be recognised. */
  readonly language: string
  readonly datedAt: Date | undefined
  /** Empty when unknown. */
  readonly source: string
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
  readonly #parts: Buffer[] = []
  #header: UploadHeader | undefined
  #type: MediaType = 'text/plain'
  /** Undefined for a file that is no plain text. */
  #check: TextCheck | undefined
  #isKnown = false
  #sizeBytes = 0

  begin(header: UploadHeader): void {
    if (this.#header) throw new AppError('INVALID_INPUT', 'the header was sent twice')
    checkHeader(header)
    const fileType = fileTypeOf(header.mediaType, header.name)
    this.#header = { ...header, mediaType: writeMediaType(fileType) }
    this.#type = fileType.type
    if (isPlainText(fileType.type)) this.#check = new TextCheck(fileType.charset)
  }

  write(data: Uint8Array): void {
    if (!this.#header) throw headerFirst()
    this.#sizeBytes += data.length
    if (this.#sizeBytes > MAX_UPLOAD_BYTES) {
      throw new AppError('PAYLOAD_TOO_LARGE', 'the file is larger than 50 MiB; split it')
    }
    this.#parts.push(Buffer.from(data.buffer, data.byteOffset, data.length))
    if (this.#sizeBytes >= SIGNATURE_BYTES) this.#assertKnown()
    this.#check?.write(data)
    this.#hash.update(data)
  }

  end(): Upload {
    if (!this.#header) throw headerFirst()
    if (this.#sizeBytes === 0) throw new AppError('INVALID_INPUT', 'the file is empty')
    this.#assertKnown()
    this.#check?.end()
    return {
      ...this.#header,
      replaces: this.#header.replaces === '' ? undefined : this.#header.replaces,
      sizeBytes: this.#sizeBytes,
      sha256: this.#hash.digest(),
      parts: this.#parts,
    }
  }

  /** Looks at the first bytes once, as soon as there are enough. */
  #assertKnown(): void {
    if (this.#isKnown) return
    assertSignature(this.#type, Buffer.concat(this.#parts))
    this.#isKnown = true
  }
}

function headerFirst(): AppError {
  return new AppError('INVALID_INPUT', 'the first message must be the header, with id and name')
}

const LANGUAGE = /^[a-z]{2,3}$/
const MAX_SOURCE = 2_048

function checkHeader({ id, name, ...described }: UploadHeader): void {
  checkDescription(described)
  if (!isUuidV7(id)) throw new AppError('INVALID_INPUT', 'the id of the document is not a UUIDv7')
  if (name.trim() === '') throw new AppError('INVALID_INPUT', 'the file has no name')
  if (Array.from(name).length > MAX_NAME) {
    throw new AppError('INVALID_INPUT', `the file name is longer than ${MAX_NAME} characters`)
  }
  if (!isWellFormedText(name) || /\p{Cc}/u.test(name)) {
    throw new AppError('INVALID_INPUT', 'the file name contains control characters')
  }
}

function checkDescription({
  replaces,
  language,
  source,
}: Pick<UploadHeader, 'replaces' | 'language' | 'source'>): void {
  if (replaces !== '' && !isUuid(replaces)) {
    throw new AppError('NOT_FOUND', 'there is no such document to be replaced')
  }
  if (language !== '' && !LANGUAGE.test(language)) {
    throw new AppError('INVALID_INPUT', 'the language is not ISO 639-1, for example "de"')
  }
  if (source.length > MAX_SOURCE || !isWellFormedText(source) || /\p{Cc}/u.test(source)) {
    throw new AppError(
      'INVALID_INPUT',
      `the source is longer than ${MAX_SOURCE} characters or contains control characters`,
    )
  }
}
