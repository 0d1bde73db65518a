import { AppError, type Reason } from '@lexcustis/core'

/** Codes of Fastify and its plugins → reason and what the caller should change. */
const FASTIFY: Readonly<Record<string, readonly [Reason, string]>> = {
  FST_ERR_BAD_URL: ['INVALID_INPUT', 'the URL is not valid'],
  FST_ERR_MAX_PARAM_LENGTH: ['INVALID_INPUT', 'a part of the path is too long'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'the body is larger than this route takes'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'INVALID_INPUT',
    'the body is not as long as content-length says',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'UNSUPPORTED_MEDIA_TYPE',
    'this route does not take that content type',
  ],
  FST_INVALID_MULTIPART_CONTENT_TYPE: [
    'UNSUPPORTED_MEDIA_TYPE',
    'send multipart/form-data with one part named file',
  ],
  FST_REQ_FILE_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'the file is larger than 50 MiB'],
  FST_MP_PREMATURE_CLOSE: ['INVALID_INPUT', 'the form ended too early'],
  FST_PROTO_VIOLATION: ['INVALID_INPUT', 'a part has a name that is not allowed'],
  FST_FILES_LIMIT: ['INVALID_INPUT', 'send exactly one file'],
  FST_PARTS_LIMIT: ['INVALID_INPUT', 'the form has too many parts'],
  FST_FIELDS_LIMIT: ['INVALID_INPUT', 'the form has too many fields'],
}

/** Gives whatever a request ran into its reason. */
export function toFailure(error: unknown): AppError {
  if (error instanceof AppError || !(error instanceof Error)) return AppError.from(error)
  const { code } = error as { code?: unknown }
  const row = typeof code === 'string' ? FASTIFY[code] : undefined
  return row ? new AppError(row[0], row[1], { cause: error }) : AppError.from(error)
}
