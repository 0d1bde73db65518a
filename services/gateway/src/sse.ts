import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** `data: [DONE]`: the stream is complete. */
export const DONE = 'data: [DONE]\n\n'
const KEEPALIVE = ': keepalive\n\n'
const KEEPALIVE_MS = 15_000

/** Nothing on the way may hold back, rewrite or compress what is sent. */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/** One event of the WHATWG event-stream format; JSON has no line breaks, so `data` is one line. */
export function eventFrame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** An event without a name. */
export function dataFrame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export interface EventStreamOptions {
  /** Renders a piece of running text; needed only by streams that use `text`. */
  readonly encodeText?: (text: string) => string
  readonly keepaliveMs?: number
}

/**
 * Server-sent events on a response taken over from Fastify. Text that arrives within one turn of the
 * event loop leaves as one event, so a fast model costs one write a turn, not one a token. Writing
 * to a client that is gone does nothing.
 */
export class EventStream {
  readonly #raw: ServerResponse
  readonly #encodeText: (text: string) => string
  readonly #keepaliveMs: number
  #keepalive: NodeJS.Timeout | undefined
  #flush: NodeJS.Immediate | undefined
  #pending = ''
  #hasText = false
  #drained: Promise<void> | undefined

  constructor(
    private readonly reply: FastifyReply,
    options: EventStreamOptions = {},
  ) {
    this.#raw = reply.raw
    this.#encodeText = options.encodeText ?? ((text) => dataFrame({ text }))
    this.#keepaliveMs = options.keepaliveMs ?? KEEPALIVE_MS
  }

  get isOpen(): boolean {
    return this.#raw.headersSent
  }

  /** Sends 200, the headers and the first frames in one write; from here on errors are events. */
  open(frames = ''): void {
    this.reply.hijack()
    if (this.#isGone()) return
    for (const [name, value] of Object.entries({ ...this.reply.getHeaders(), ...HEADERS })) {
      if (value !== undefined) this.#raw.setHeader(name, value)
    }
    this.#raw.writeHead(200)
    if (frames) this.#raw.write(frames)
    else this.#raw.flushHeaders()
    this.#keepalive = setInterval(() => this.#ping(), this.#keepaliveMs)
    this.#raw.once('close', () => this.#release())
  }

  /** Sends frames at once, behind all text so far. A promise resolves when the client wants more. */
  send(frames: string): Promise<void> | undefined {
    this.#flushText()
    if (!this.#isGone()) this.#raw.write(frames)
    return this.#backPressure()
  }

  /** More running text. A promise resolves when the client wants more, or is gone. */
  text(piece: string): Promise<void> | undefined {
    this.#pending += piece
    if (this.#hasText) {
      this.#flush ??= setImmediate(() => this.#flushText())
    } else {
      // Somebody waits for the first word.
      this.#hasText = true
      this.#flushText()
    }
    return this.#backPressure()
  }

  /** Sends what is left and the last frames, and closes. */
  end(frames = ''): void {
    this.#flushText()
    this.#release()
    if (!this.#isGone()) this.#raw.end(frames)
  }

  #flushText(): void {
    clearImmediate(this.#flush)
    this.#flush = undefined
    const text = this.#pending
    this.#pending = ''
    if (text !== '' && !this.#isGone()) this.#raw.write(this.#encodeText(text))
  }

  #ping(): void {
    // A client that does not read needs no sign of life, and must not pile them up.
    if (!this.#isGone() && !this.#raw.writableNeedDrain) this.#raw.write(KEEPALIVE)
  }

  #backPressure(): Promise<void> | undefined {
    if (this.#isGone() || !this.#raw.writableNeedDrain) return undefined
    this.#drained ??= new Promise<void>((resolve) => {
      const done = () => {
        this.#raw.off('drain', done).off('close', done)
        this.#drained = undefined
        resolve()
      }
      this.#raw.on('drain', done).on('close', done)
    })
    return this.#drained
  }

  #isGone(): boolean {
    return this.#raw.closed || this.#raw.destroyed || this.#raw.writableEnded
  }

  #release(): void {
    clearInterval(this.#keepalive)
    clearImmediate(this.#flush)
  }
}

/** Calls `gone` once when the client leaves before its answer was complete; returns how to stop watching. */
export function watchClient(raw: ServerResponse, gone: () => void): () => void {
  if (raw.closed || raw.socket?.destroyed) {
    gone()
    return () => undefined
  }
  const onClose = () => {
    if (!raw.writableFinished) gone()
  }
  raw.once('close', onClose)
  return () => raw.off('close', onClose)
}
