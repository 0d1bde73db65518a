import type { IncomingMessage } from 'node:http'
import { AppError, mib } from '@lexcustis/core'
import { EventLines } from './event-lines.js'

/** Far more than an answer of the longest kind; a provider that never stops must not fill memory. */
const MAX_BODY_BYTES = mib(64)
/** The SDKs copy what they have of a line with each packet: a line without an end stops everything. */
const MAX_LINE_BYTES = mib(4)

const [LF, CR] = [10, 13]
const HIGH_WATER_CHUNKS = 64
/** How long the connection may take to end its response, to be of use for the next request. */
const LEAVE_MS = 2_000

/** What the last event of a stream looks like. */
export interface StreamEnding {
  /** Found in every such event, and quick to look for. */
  readonly word: string
  /** Matches the event from the line end before it. */
  readonly pattern: RegExp
  /** Bytes that the event takes at most. */
  readonly span: number
}

/** OpenAI's `data: [DONE]`. In JSON a line end is escaped: no answer holds one before these words. */
export const DONE: StreamEnding = {
  word: '[DONE]',
  pattern: /[\r\n]data: ?\[DONE\]/,
  span: 16,
}

/** Anthropic's `message_stop`, whole, so that nothing of it is left to be read. */
export const MESSAGE_STOP: StreamEnding = {
  word: 'message_stop',
  pattern: /[\r\n]event: ?message_stop(?:\r\n|\r|\n)data:[^\r\n]{0,200}(?:\r\n|\r|\n){2}/,
  span: 256,
}

/** Notices the last event in a stream of bytes, however they are split. */
export class EndMark {
  private tail = '\n'
  isSeen = false

  constructor(private readonly ending: StreamEnding) {}

  /** True once it was seen. */
  write(bytes: Uint8Array): boolean {
    const { word, pattern, span } = this.ending
    const text =
      this.tail + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    if (text.includes(word) && pattern.test(text)) this.isSeen = true
    this.tail = text.slice(-span)
    return this.isSeen
  }
}

/**
 * A fetch Response over a Node response. Of an event stream it has only the events. The body ends with the last event even when the provider keeps the
 * connection open behind it, and fails when the connection breaks before its end.
 */
export function toResponse(message: IncomingMessage, mark: EndMark): Response {
  let received = 0
  let lineBytes = 0
  const lines = isEventStream(message) ? new EventLines() : undefined
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        message.on('data', (bytes: Buffer) => {
          if (mark.isSeen) return
          received += bytes.length
          const lineEnd = Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR))
          lineBytes = lineEnd < 0 ? lineBytes + bytes.length : bytes.length - lineEnd
          if (received > MAX_BODY_BYTES || lineBytes > MAX_LINE_BYTES) {
            message.destroy(new AppError('UPSTREAM_ERROR', 'the provider does not stop answering'))
            return
          }
          const read = lines ? lines.write(bytes) : bytes
          if (read.length > 0) controller.enqueue(read)
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

/** By its type; what is around it in the header is of no interest. */
export function isEventStream({ headers }: IncomingMessage): boolean {
  return /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
}

function leave(message: IncomingMessage): void {
  const timer = setTimeout(() => message.destroy(), LEAVE_MS)
  message.once('close', () => clearTimeout(timer))
}
