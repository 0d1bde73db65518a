import { setImmediate, setTimeout } from 'node:timers/promises'
import { once } from 'node:events'
import type { Repeat, Reply, Step } from './scripted-provider-scenario.js'
import type { Wire } from './scripted-provider-wire.js'
import { WireReset } from './scripted-provider-wire.js'

const FILL = Buffer.alloc(65_536, 'a')
const LINE_ENDS = { lf: '\n', crlf: '\r\n', cr: '\r' } as const
/** Below this a wait costs more than it is worth: timers are no finer. */
const TICK_MS = 1

export interface PlayerOptions {
  readonly reply: Reply
  readonly wire: Wire
  readonly gone: AbortSignal
  readonly body: Readonly<Record<string, unknown>>
  /** Called right before the end is sent, so that closing after it is no abort. */
  readonly finished: () => void
}

type Play = { readonly [K in keyof Step]-?: (value: NonNullable<Step[K]>) => Promise<void> }

/** The connection is gone, or nothing more will come. */
class Ended extends Error {}

/** Plays one reply to one client. */
export class Player {
  private hasRole = false
  private readonly lineEnd: string

  constructor(private readonly options: PlayerOptions) {
    this.lineEnd = LINE_ENDS[options.reply.lineEnd]
  }

  async run(): Promise<void> {
    const { reply, wire, finished } = this.options
    try {
      await wire.head(contentTypeOf(reply))
      for (const step of reply.steps) await this.step(step)
      finished()
      await wire.end()
    } catch (error) {
      if (error instanceof WireReset) finished()
      else if (!(error instanceof Ended)) throw error
    }
  }

  private async step(step: Step): Promise<void> {
    for (const [name, value] of Object.entries(step)) {
      const play = this.play[name as keyof Step] as (value: unknown) => Promise<void>
      if (value !== undefined) await play(value)
    }
  }

  private readonly play: Play = {
    text: async (tokens) => {
      for (const token of tokens) await this.text(token)
    },
    stamps: async (times) => {
      for (let n = 0; n < times; n += 1) await this.text(`${process.hrtime.bigint() / 1_000n} `)
    },
    chunk: async (fields) => this.chunk(fields),
    event: async (event) => this.event(JSON.stringify(event)),
    data: async (data) => this.event(data),
    comment: async (text) => this.lines(`: ${text}`),
    json: async (body) => this.options.wire.write(JSON.stringify(body)),
    raw: async (text) => this.options.wire.write(text),
    base64: async (text) => this.options.wire.write(Buffer.from(text, 'base64')),
    fillBytes: async (bytes) => this.fill(bytes),
    finish: async (reason) => this.chunk({ choices: [choice({}, reason)] }),
    usage: async (usage) => this.usage(usage),
    completion: async (completion) => this.completion(completion),
    done: async () => this.event('[DONE]'),
    waitMs: async (ms) => setTimeout(ms, undefined, { signal: this.options.gone }),
    stall: async () => {
      if (!this.options.gone.aborted) await once(this.options.gone, 'abort')
      throw new Ended('the client closed the connection')
    },
    reset: async () => {
      this.options.finished()
      await this.options.wire.reset()
      throw new Ended('the connection was reset')
    },
    cut: async () => {
      this.options.finished()
      this.options.wire.cut()
      throw new Ended('the connection was ended')
    },
    repeat: async (repeat) => this.repeat(repeat),
  }

  private async repeat({ times = Infinity, perSecond, steps }: Repeat): Promise<void> {
    const startedAt = performance.now()
    for (let round = 1; round <= times; round += 1) {
      for (const step of steps) await this.step(step)
      const aheadMs = perSecond ? (round * 1_000) / perSecond - (performance.now() - startedAt) : 0
      if (aheadMs > TICK_MS) await setTimeout(aheadMs, undefined, { signal: this.options.gone })
      // A client that leaves is only noticed when others get their turn.
      else if (times === Infinity) await setImmediate(undefined, { signal: this.options.gone })
    }
  }

  private async text(content: string): Promise<void> {
    const role = this.hasRole ? {} : { role: 'assistant' }
    this.hasRole = true
    await this.chunk({ choices: [choice({ ...role, content }, null)] })
  }

  private async usage(usage: NonNullable<Step['usage']>): Promise<void> {
    const options = this.options.body['stream_options'] as { include_usage?: boolean } | undefined
    if (options?.include_usage !== true) return
    await this.chunk({ choices: [], usage: withTotal(usage) })
  }

  private async fill(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= FILL.length) {
      await this.options.wire.write(FILL.subarray(0, Math.min(left, FILL.length)))
    }
  }

  private async completion(completion: NonNullable<Step['completion']>): Promise<void> {
    const { content, finish_reason, usage } = completion
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason }]
    const counted = usage ? { usage: withTotal(usage) } : {}
    const body = { ...this.head('chat.completion'), choices, ...counted }
    await this.options.wire.write(JSON.stringify(body))
  }

  private async chunk(fields: object): Promise<void> {
    await this.event(JSON.stringify({ ...this.head('chat.completion.chunk'), ...fields }))
  }

  private head(object: string): object {
    const { reply, body } = this.options
    const model = reply.model ?? String(body['model'])
    return { id: 'chatcmpl-scripted', object, created: 1, model }
  }

  private async event(data: string): Promise<void> {
    await this.lines(`data: ${data}`)
  }

  private async lines(line: string): Promise<void> {
    await this.options.wire.write(line + this.lineEnd + this.lineEnd)
  }
}

/** OpenAI counts the sum too. */
function withTotal(usage: NonNullable<Step['usage']>): object {
  return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens }
}

function choice(delta: object, finishReason: string | null): object {
  return { index: 0, delta, finish_reason: finishReason }
}

function contentTypeOf({ steps }: Reply): string {
  const isJson = steps.some(({ json, completion }) => json ?? completion)
  return isJson ? 'application/json' : 'text/event-stream; charset=utf-8'
}
