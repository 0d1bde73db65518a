import { parseScenario, type ScriptedScenario, type Step } from './scripted-provider-scenario.js'

/** A scenario in short; everything left out is a provider that behaves. */
export interface Scenario {
  readonly tokens?: readonly string[]
  /** Before anything at all is sent, response headers included. */
  readonly headerDelayMs?: number
  /** Between the response headers and the first token. */
  readonly firstTokenDelayMs?: number
  readonly tokenDelayMs?: number
  /** Anything but 200 answers an error object instead of a stream. */
  readonly status?: number
  /** Value of the `retry-after` header, in seconds; sent with an error status. */
  readonly retryAfter?: number
  /** Of the stream; by default `text/event-stream`. */
  readonly contentType?: string
  /** After so many tokens nothing more comes, and the connection stays open. */
  readonly stallAfter?: number
  /** After so many tokens the connection is reset (RST). */
  readonly resetAfter?: number
  /** After so many tokens an event comes that is not JSON. */
  readonly malformedAfter?: number
  /** After so many tokens an error object comes, and the stream ends. */
  readonly errorObjectAfter?: number
  readonly omitDone?: boolean
  readonly omitFinishReason?: boolean
  /** By default `stop`. */
  readonly finishReason?: string
  /** Null: the provider does not count. Left out: it counts one token per delta. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null
  /** Model as named in the answer; by default the one asked for. */
  readonly modelSnapshot?: string
  /** Splits the bytes of the stream into writes of this size, in the middle of a character too. */
  readonly chunkBytes?: number
  /** Starts again with the first token, until the client goes away. */
  readonly endless?: boolean
}

const DEFAULT_TOKENS = ['This ', 'answer ', 'is ', 'scripted.']

/** The same in the form of files. */
export function fromShorthand(scenario: Scenario): ScriptedScenario {
  const { status = 200, headerDelayMs: headersAfterMs, modelSnapshot: model } = scenario
  const replies = status === 200 ? answers(scenario) : [refusal(status, scenario.retryAfter)]
  const outcome = status === 200 ? 'finished' : 'UPSTREAM_ERROR'
  return parseScenario(
    {
      about: 'a scenario in short',
      expect: { outcome },
      replies: replies.map((reply) => ({ ...reply, headersAfterMs, model })),
    },
    'in short',
  )
}

export function errorObject(message: string): Readonly<Record<string, unknown>> {
  return { error: { message, type: 'scripted_error', param: null, code: null } }
}

function refusal(status: number, retryAfter: number | undefined): object {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  return { status, headers, steps: [{ json: errorObject(`scripted status ${status}`) }] }
}

function answers(scenario: Scenario): object[] {
  const { tokens = DEFAULT_TOKENS, contentType, firstTokenDelayMs } = scenario
  const delay: Step[] = firstTokenDelayMs ? [{ waitMs: firstTokenDelayMs }] : []
  const finish_reason = scenario.finishReason ?? 'stop'
  const completion = { content: tokens.join(''), finish_reason, usage: usageOf(scenario) }
  return [
    {
      when: { stream: true },
      headers: contentType === undefined ? {} : { 'content-type': contentType },
      splitEvery: scenario.chunkBytes,
      steps: [...delay, ...streamed(scenario)],
    },
    { headers: { 'content-type': 'application/json' }, steps: [...delay, { completion }] },
  ]
}

function streamed(scenario: Scenario): Step[] {
  const { tokens = DEFAULT_TOKENS, tokenDelayMs, endless } = scenario
  const paced = (token: string, n: number): Step[] =>
    tokenDelayMs && n > 0 ? [{ waitMs: tokenDelayMs }, { text: [token] }] : [{ text: [token] }]
  const trouble = troubleOf(scenario)
  if (trouble && (endless || trouble.after <= tokens.length)) {
    const before = Array.from({ length: trouble.after }, (_, n) => tokens[n % tokens.length] ?? '')
    return [...before.flatMap(paced), ...trouble.steps]
  }
  if (!endless) return [...tokens.flatMap(paced), ...endOf(scenario)]
  const again = tokens.flatMap((token) => paced(token, 1))
  return [...tokens.flatMap(paced), { repeat: { steps: again } }]
}

/** What goes wrong first. */
function troubleOf(scenario: Scenario): { after: number; steps: Step[] } | undefined {
  const { stallAfter, resetAfter, malformedAfter, errorObjectAfter } = scenario
  const troubles = [
    { after: stallAfter, steps: [{ stall: true }] },
    { after: resetAfter, steps: [{ reset: true }] },
    { after: malformedAfter, steps: [{ data: '{"id": "chatcmpl-scripted", "choices": [' }] },
    { after: errorObjectAfter, steps: [{ event: errorObject('scripted failure') }] },
  ] satisfies { after: number | undefined; steps: Step[] }[]
  return troubles
    .flatMap(({ after, steps }) => (after === undefined ? [] : [{ after, steps }]))
    .sort((one, other) => one.after - other.after)[0]
}

function endOf(scenario: Scenario): Step[] {
  const { omitFinishReason, omitDone, finishReason = 'stop' } = scenario
  const usage = usageOf(scenario)
  return [
    ...(omitFinishReason ? [] : [{ finish: finishReason }]),
    ...(usage ? [{ usage }] : []),
    ...(omitDone ? [] : [{ done: true as const }]),
  ]
}

function usageOf({ usage, tokens = DEFAULT_TOKENS }: Scenario): Step['usage'] {
  if (usage === null) return undefined
  return usage ?? { prompt_tokens: 1, completion_tokens: tokens.length }
}
