import { AppError } from '@lexcustis/core'

interface Post {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  /** Names the other side in errors. */
  readonly name: string
}

export interface Answer {
  readonly contentType: string
  readonly body: Uint8Array
}

/**
 * POSTs and reads the answer. No redirect is followed: what was meant for one address is not given
 * to another. Throws AppError UNAVAILABLE for anything but 2xx, TIMEOUT when time is up.
 */
export async function postBytes(post: Post): Promise<Answer> {
  const { url, name, timeoutMs } = post
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: post.headers,
      body: post.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new AppError('UNAVAILABLE', `${name} answered ${response.status}`)
    }
    const body = await readAtMost(response, post.maxAnswerBytes, name)
    return { contentType: response.headers.get('content-type') ?? '', body }
  } catch (error) {
    if (error instanceof AppError) throw error
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new AppError('TIMEOUT', `${name} did not answer in time`, { cause: error })
    }
    throw new AppError('UNAVAILABLE', `${name} cannot be reached`, { cause: error })
  }
}

async function readAtMost(response: Response, limit: number, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (!response.body) return Buffer.alloc(0)
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > limit) throw new AppError('UNAVAILABLE', `${name} answered too much`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
