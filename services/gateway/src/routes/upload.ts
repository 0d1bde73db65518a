import { createHash } from 'node:crypto'
import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { AppError, isWellFormedText, mib } from '@lexcustis/core'
import type { App } from '../app.js'
import { toFailure } from '../plugins/failure.js'

export const MAX_FILE_BYTES = mib(50)
const MAX_NAME_LENGTH = 255
/** Long enough for 50 MiB over a slow line; rag answers soon after the last byte. */
export const UPLOAD_TIMEOUT_MS = 300_000

/** What was read of a file once all of it has passed through. */
export interface FileFacts {
  readonly sizeBytes: number
  readonly sha256: Buffer
}

export interface Upload {
  readonly name: string
  /** As the client declared it. */
  readonly mediaType: string
  /**
   * The bytes as they arrive, at the speed of whoever takes them. `complete` runs after the last one,
   * when the whole form has proved to be one file, and before the end is passed on: it is the last
   * moment at which the upload can still be refused.
   */
  bytes(complete: (facts: FileFacts) => Promise<void>): AsyncGenerator<Buffer>
}

/** Multipart is understood only by the routes that `define` adds. */
export function registerUploads(app: App, define: (scope: App) => void): void {
  app.register(async (instance) => {
    await instance.register(multipart, {
      limits: { fileSize: MAX_FILE_BYTES, files: 1, fields: 1, fieldSize: 1_024, parts: 2 },
    })
    define(instance.withTypeProvider<ZodTypeProvider>())
  })
}

/** Reads up to the file of a form that consists of one part named `file`. */
export async function openUpload(request: FastifyRequest): Promise<Upload> {
  if (!request.isMultipart()) {
    throw new AppError(
      'UNSUPPORTED_MEDIA_TYPE',
      'send multipart/form-data with one part named file',
    )
  }
  const parts = readParts(request)
  const first = await parts.next()
  if (first.done) throw invalid('/file', 'the part named file is missing')
  const part = first.value
  if (part.type !== 'file' || part.fieldname !== 'file') {
    throw invalid(`/${part.fieldname}`, 'unknown field; send one part named file, with a file name')
  }
  return {
    name: readName(part.filename),
    mediaType: readMediaType(part.mimetype),
    bytes: async function* (complete) {
      const hash = createHash('sha256')
      let sizeBytes = 0
      for await (const chunk of named(part.file as AsyncIterable<Buffer>)) {
        hash.update(chunk)
        sizeBytes += chunk.length
        yield chunk
      }
      if (part.file.truncated)
        throw new AppError('PAYLOAD_TOO_LARGE', 'the file is larger than 50 MiB')
      if (sizeBytes === 0) throw invalid('/file', 'the file is empty')
      const more = await parts.next()
      if (!more.done) throw invalid(`/${more.value.fieldname}`, 'unknown field; send one part')
      await complete({ sizeBytes, sha256: hash.digest() })
    },
  }
}

function readName(filename: string): string {
  if (!isWellFormedText(filename)) throw invalid('/file', 'the file name is not well-formed text')
  if (filename.trim() === '') throw invalid('/file', 'the file has no name')
  if (filename.length > MAX_NAME_LENGTH) {
    throw invalid('/file', `the file name has more than ${MAX_NAME_LENGTH} characters`)
  }
  return filename
}

const MEDIA_TYPE = /^[!-~][ -~]{0,126}$/

function readMediaType(mediaType: string): string {
  if (MEDIA_TYPE.test(mediaType)) return mediaType
  throw invalid('/file', 'the content type of the file is not a media type')
}

async function* readParts(request: FastifyRequest) {
  yield* named(request.parts({ defParamCharset: 'utf8' } as object))
}

/** What the multipart parser throws without a code is about the form, so about the input. */
async function* named<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    const failure = toFailure(error)
    if (failure.reason !== 'INTERNAL') throw failure
    throw new AppError('INVALID_INPUT', 'this is not a valid multipart form', { cause: error })
  }
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('INVALID_INPUT', detail, { errors: [{ pointer, detail }] })
}
