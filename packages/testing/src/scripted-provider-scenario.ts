import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const count = () => z.int().min(1)
const milliseconds = () => z.int().min(0)
const anyJson = () => z.record(z.string(), z.unknown())

/** One thing the provider does while it answers: exactly one of the names. */
export interface Step {
  /** One chunk with a delta of `content` per string; the first of an answer carries the role too. */
  readonly text?: readonly string[] | undefined
  /** So many chunks with the machine's monotonic clock in microseconds, to measure their way. */
  readonly stamps?: number | undefined
  /** A chunk with these fields; `id`, `object`, `created` and `model` are there unless given. */
  readonly chunk?: Readonly<Record<string, unknown>> | undefined
  /** An event with this object as its data, as it is. */
  readonly event?: Readonly<Record<string, unknown>> | undefined
  /** An event with this text as its data, JSON or not. */
  readonly data?: string | undefined
  /** A line that clients skip. */
  readonly comment?: string | undefined
  /** This object as the whole body; it does not belong into a stream. */
  readonly json?: Readonly<Record<string, unknown>> | undefined
  /** This text, or these bytes in base64, without anything around them. */
  readonly raw?: string | undefined
  readonly base64?: string | undefined
  /** So many bytes `a`, without a line end. */
  readonly fillBytes?: number | undefined
  /** A chunk that says why the model stopped. */
  readonly finish?: string | undefined
  /** A chunk without choices that counts tokens; only for clients that asked for it. */
  readonly usage?: Counted | undefined
  /** The whole answer at once, for a client that does not stream. */
  readonly completion?: Completion | undefined
  /** `data: [DONE]`. */
  readonly done?: true | undefined
  readonly waitMs?: number | undefined
  /** Nothing more, and the connection stays open until the client closes it. */
  readonly stall?: true | undefined
  /** The connection is reset (RST), or ended (FIN) in the middle of the body. */
  readonly reset?: true | undefined
  readonly cut?: true | undefined
  readonly repeat?: Repeat | undefined
}

interface Counted {
  readonly prompt_tokens: number
  readonly completion_tokens: number
}

interface Completion {
  readonly content: string
  readonly finish_reason: string
  readonly usage?: Counted | undefined
}

export interface Repeat {
  /** Left out: until the client goes away. */
  readonly times?: number | undefined
  /** Rounds per second; left out: as fast as the client reads. */
  readonly perSecond?: number | undefined
  readonly steps: readonly Step[]
}

const Counted = z.strictObject({ prompt_tokens: z.int(), completion_tokens: z.int() })

const Repeat: z.ZodType<Repeat> = z.lazy(() =>
  z.strictObject({
    times: count().optional(),
    perSecond: count().optional(),
    steps: z.array(Step).min(1),
  }),
)

const Step: z.ZodType<Step> = z
  .strictObject({
    text: z.array(z.string()).min(1).optional(),
    stamps: count().optional(),
    chunk: anyJson().optional(),
    event: anyJson().optional(),
    data: z.string().optional(),
    comment: z.string().optional(),
    json: anyJson().optional(),
    raw: z.string().optional(),
    base64: z.base64().optional(),
    fillBytes: count().optional(),
    finish: z.string().optional(),
    usage: Counted.optional(),
    completion: z
      .strictObject({
        content: z.string(),
        finish_reason: z.string().default('stop'),
        usage: Counted.optional(),
      })
      .optional(),
    done: z.literal(true).optional(),
    waitMs: milliseconds().optional(),
    stall: z.literal(true).optional(),
    reset: z.literal(true).optional(),
    cut: z.literal(true).optional(),
    repeat: Repeat.optional(),
  })
  .refine((step) => Object.keys(step).length === 1, 'has to name exactly one thing to do')

const Reply = z.strictObject({
  /** Left out: every request that no earlier reply is for. All that is named has to hold. */
  when: z
    .strictObject({
      /** The nth chat request that this scenario receives, from 1. */
      nth: count().optional(),
      model: z.string().optional(),
      /** By default the one of chats; replies for other paths name theirs. */
      path: z.string().startsWith('/').optional(),
      stream: z.boolean().optional(),
    })
    .default({}),
  status: z.int().min(200).max(599).default(200),
  headers: z.record(z.string(), z.string()).default({}),
  /** Model as named in the answer; by default the one asked for. */
  model: z.string().optional(),
  /** Before anything at all is sent, response headers included. */
  headersAfterMs: milliseconds().optional(),
  /** The response head comes byte by byte, with so long between two. */
  headerByteMs: count().optional(),
  /** `until-close`: neither length nor chunks; the end of the connection is the end of the body. */
  framing: z.enum(['chunked', 'until-close']).default('chunked'),
  encoding: z.enum(['gzip']).optional(),
  lineEnd: z.enum(['lf', 'crlf', 'cr']).default('lf'),
  /** Splits the bytes of the body into writes of this size, in the middle of a character too. */
  splitEvery: count().optional(),
  /** Splits before these bytes; `next`: in two, one byte further with each request. */
  splitAt: z.union([z.array(count()), z.literal('next')]).optional(),
  /** The connection is reset (RST) after so many bytes of the body. */
  resetAfterBytes: z.int().min(0).optional(),
  steps: z.array(Step).default([]),
})

const OUTCOMES = ['finished', 'UPSTREAM_ERROR', 'TIMEOUT', 'RATE_LIMITED', 'UNAVAILABLE'] as const

const Expectation = z.strictObject({
  /** `finished`, or the reason that ends the answer. */
  outcome: z.enum(OUTCOMES),
  finishReason: z.enum(['stop', 'length', 'content_filter', 'tool_calls']).optional(),
  /** All text that arrives, also before a failure. */
  text: z.string().optional(),
  characters: z.int().min(0).optional(),
  /** Left out: nothing is counted on, not even by estimate. */
  usage: z
    .union([z.strictObject({ in: z.int(), out: z.int() }), z.literal('estimated')])
    .optional(),
  retryAfterMs: milliseconds().optional(),
  modelSnapshot: z.string().optional(),
  /** The client offers tools, and is asked for these calls. */
  toolCalls: z
    .array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() }))
    .optional(),
  /** Chat requests that the provider receives. */
  requests: count().optional(),
})

const ScenarioFile = z.strictObject({
  /** What the provider does, in one sentence. */
  about: z.string().min(1),
  /** What a client makes of it that does everything right. The provider does not look at it. */
  expect: Expectation,
  replies: z.array(Reply).min(1),
})

export type Reply = z.infer<typeof Reply>
export type Expectation = z.infer<typeof Expectation>
/** A scenario as files hold it, with all defaults filled in. */
export type ScriptedScenario = z.infer<typeof ScenarioFile>

const FOLDER = fileURLToPath(new URL('../scenarios/', import.meta.url))

/** Checks a scenario. Throws with every mistake and where it is; `name` says in which scenario. */
export function parseScenario(scenario: unknown, name: string): ScriptedScenario {
  const parsed = ScenarioFile.safeParse(scenario)
  if (parsed.success) return parsed.data
  throw new Error(`scenario ${name} cannot be used\n${z.prettifyError(parsed.error)}`)
}

/** Reads one of `packages/testing/scenarios` by name, or any file by its path. */
export function readScenario(name: string): ScriptedScenario {
  const path = name.endsWith('.json') ? name : join(FOLDER, `${name}.json`)
  return parseScenario(parseJson(readFileSync(path, 'utf8'), name), name)
}

/** Names of all in `packages/testing/scenarios`, in alphabetical order. */
export function listScenarios(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort()
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'unreadable'
    throw new Error(`scenario ${name} is not JSON: ${problem}`, { cause })
  }
}
