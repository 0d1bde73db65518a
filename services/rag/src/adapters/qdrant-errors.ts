import { AppError } from '@lexcustis/core'
import { QdrantClientResourceExhaustedError } from '@qdrant/js-client-rest'
import { z } from 'zod'

/** The client does not export the class of what it throws for an answer above 299. */
const REFUSAL = z.object({ status: z.number(), headers: z.instanceof(Headers), data: z.unknown() })
const QDRANT_ERROR = z.object({ status: z.object({ error: z.string() }) })

type Refusal = z.output<typeof REFUSAL>

function refusalIn(error: unknown): Refusal | undefined {
  return error instanceof Error ? REFUSAL.safeParse(error).data : undefined
}

/** Said by Qdrant itself: the 404 of a proxy on the way is no empty collection. */
export function isMissing(error: unknown): boolean {
  const refusal = refusalIn(error)
  return refusal?.status === 404 && QDRANT_ERROR.safeParse(refusal.data).success
}

/** It is there already. */
export function isConflict(error: unknown): boolean {
  return refusalIn(error)?.status === 409
}

/** A request is repeated after 429, any 5xx, a time-out or a broken connection; never after another 4xx. */
export function isPassing(error: unknown): boolean {
  if (error instanceof AppError) return false
  const refusal = refusalIn(error)
  return refusal === undefined || refusal.status === 429 || refusal.status >= 500
}

/** How long the other side asked to be left alone; 0 when it did not say. */
export function retryAfterMs(error: unknown, now: number): number {
  // The client has read the header by then, and only its first digit: at most 9 s.
  if (error instanceof QdrantClientResourceExhaustedError) return error.retry_after * 1_000
  const value = refusalIn(error)?.headers.get('retry-after')
  if (!value) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

/** Answers of Qdrant may quote payloads: they stay behind as the cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  return new AppError('UNAVAILABLE', `the search index cannot be used: ${adviceFor(error)}`, {
    cause: error,
  })
}

function adviceFor(error: unknown): string {
  const status =
    error instanceof QdrantClientResourceExhaustedError ? 429 : refusalIn(error)?.status
  if (status === undefined) {
    return 'Qdrant does not answer, check that it runs and RAG_QDRANT_URL, and RAG_QDRANT_TIMEOUT_MS'
  }
  if (status === 401 || status === 403) {
    return `Qdrant answered ${status}, check RAG_QDRANT_API_KEY_FILE and that the key may write`
  }
  if (status === 404) return 'there is no Qdrant 1.18 or newer at RAG_QDRANT_URL (404)'
  if (status === 429 || status >= 500) return `Qdrant answered ${status}, check its log and load`
  return `Qdrant refused a request (${status}), check that it is version 1.18 or newer`
}
