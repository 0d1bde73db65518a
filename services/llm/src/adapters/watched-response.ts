import type { IncomingMessage } from 'node:http'
import { AppError, mib } from '@lexcustis/core'

/** Far more than an answer of the longest kind; a provider that never stops must not fill memory. */
const MAX_BODY_BYTES = mib(64)

const HIGH_WATER_CHUNKS = 64
/** How long the connection may take to end its response, to be of use for the next request. */
const LEAVE_MS = 2_000

/** Notices the event `data: [DONE]` in a stream of bytes, however they are split. */
export class DoneMark {
  private tail = '\n'
  isSeen = false

  /** True once it was seen. */
  write(bytes: Uint8Array): boolean {
    const text =
      this.tail + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    // In JSON a line end is escaped: at the start of a line it is never part of an answer.
    if (text.includes('[DONE]') && /[\r\n]data: ?\[DONE\]/.test(text)) this.isSeen = true
    this.tail = text.slice(-'\ndata: [DONE]'.length)
    return this.isSeen
  }
}

/**
 * A fetch Response over a Node response. The body ends with [DONE] even when the provider keeps the
 * connection open behind it, and fails when the connection breaks before its end.
 */
export function toResponse(message: IncomingMessage, mark: DoneMark): Response {
  let received = 0
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        message.on('data', (bytes: Buffer) => {
          if (mark.isSeen) return
          received += bytes.length
          if (received > MAX_BODY_BYTES) {
            message.destroy(new AppError('UPSTREAM_ERROR', 'the provider does not stop answering'))
            return
          }
          controller.enqueue(bytes)
          if (mark.write(bytes)) {
            controller.close()
            leave(message)
          } else if ((controller.desiredSize ?? 0) <= 0) message.pause()
        })
        message.once('end', () => {
          if (!mark.isSeen) controller.close()
        })
        message.on('error', (error) => {
          if (!mark.isSeen) controller.error(error)
        })
      },
      pull: () => {
        message.resume()
      },
      cancel: () => {
        message.destroy()
      },
    },
    { highWaterMark: HIGH_WATER_CHUNKS },
  )
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return new Response(body, { status: message.statusCode ?? 502, headers })
}

function leave(message: IncomingMessage): void {
  const timer = setTimeout(() => message.destroy(), LEAVE_MS)
  message.once('close', () => clearTimeout(timer))
}
