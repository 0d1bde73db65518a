import type { FinishReason } from '../../src/domain/completion.js'
import {
  data,
  DEFAULT_USAGE,
  KEY,
  MODEL,
  type Received,
  type Script,
  SNAPSHOT,
  unknownFields,
  type VendorWire,
} from './wire.js'

/** Fields of OpenAI's chat completions that we may send. */
const CHAT_FIELDS = [
  ...['model', 'messages', 'stream', 'temperature', 'top_p', 'stop', 'tools', 'tool_choice'],
  ...['parallel_tool_calls', 'response_format', 'presence_penalty', 'frequency_penalty'],
]

/** Where the streams of vendors differ. */
interface Ways {
  /** Sent before anything else. */
  readonly first?: object
  /** Usage is a field of the last chunk with a choice, not a chunk of its own. */
  readonly isUsageInLast?: boolean
  /** A call comes in one piece. */
  readonly areCallsWhole?: boolean
  readonly errorEvent: (words: string) => object
}

function chatEvents(script: Script, ways: Ways): string[] {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: SNAPSHOT }
  const chunk = (delta: object, finish: string | null = null, more = {}) => {
    const second = { index: 1, delta: { content: 'second' }, finish_reason: null }
    const choices = [{ index: 0, delta, finish_reason: finish }]
    return data({
      ...head,
      choices: script.hasSecondChoice ? [second, ...choices] : choices,
      ...more,
    })
  }
  const events = ways.first ? [data(ways.first)] : []
  events.push(chunk({ role: 'assistant', content: '' }))
  events.push(...(script.text ?? []).map((content) => chunk({ content })))
  events.push(...callDeltas(script, ways).map((delta) => chunk({ tool_calls: [delta] })))
  if (script.fails === 'error') return [...events, data(ways.errorEvent(script.words ?? ''))]
  if (script.fails === 'malformed')
    return [...events, 'data: {"choices": [\n\n', 'data: [DONE]\n\n']
  if (script.fails) return events
  const counted = script.usage === null ? undefined : toUsage(script.usage ?? DEFAULT_USAGE)
  const finish = finishOf(script)
  if (finish) events.push(chunk({}, finish, ways.isUsageInLast ? { usage: counted } : {}))
  if (counted && !ways.isUsageInLast) events.push(data({ ...head, choices: [], usage: counted }))
  if (!script.isEndMissing) events.push('data: [DONE]\n\n')
  return events
}

function finishOf({ finish, calls }: Script): FinishReason | undefined {
  if (finish === null) return undefined
  return finish ?? (calls ? 'tool_calls' : 'stop')
}

function toUsage({ tokensIn, tokensOut }: typeof DEFAULT_USAGE) {
  return {
    prompt_tokens: tokensIn,
    completion_tokens: tokensOut,
    total_tokens: tokensIn + tokensOut,
  }
}

function callDeltas({ calls = [] }: Script, { areCallsWhole }: Ways): object[] {
  return calls.flatMap(({ id, name, pieces }, index) => {
    const type = 'function'
    if (areCallsWhole) return [{ index, id, type, function: { name, arguments: pieces.join('') } }]
    const first = { index, id, type, function: { name, arguments: '' } }
    return [first, ...pieces.map((given) => ({ index, function: { arguments: given } }))]
  })
}

const openAiError = (words: string, code: string | null = null) => ({
  error: { message: words, type: 'server_error', param: null, code },
})

const hasBearer = ({ headers }: Received) => headers.authorization === `Bearer ${KEY}`

function refuseUnknown({ body }: Received, known: readonly string[], status: number) {
  const [field] = unknownFields(body, known)
  return field === undefined ? undefined : { status, words: `Unrecognized argument: ${field}` }
}

const NO_MODEL = { status: 404, words: 'The model does not exist' }

const models = (ids: readonly string[]) => ({
  object: 'list',
  data: ids.map((id) => ({ id, object: 'model', created: 1, owned_by: 'tests' })),
})

/** What the vendors with OpenAI's paths have in common. */
const COMMON = {
  basePath: '/v1',
  model: MODEL,
  isChat: ({ path, method }: Received) => method === 'POST' && path === '/v1/chat/completions',
  isKnown: hasBearer,
  look: ({ path }: Received) => (path === '/v1/models' ? models([MODEL, 'other']) : undefined),
  error: (status: number, words: string): object => openAiError(words, String(status)),
}

/** https://platform.openai.com/docs/api-reference/chat-streaming */
export const OPENAI_WIRE: VendorWire = {
  ...COMMON,
  kind: 'openai',
  refusalOf: (received) => {
    if (received.body['model'] !== MODEL) return NO_MODEL
    const known = [...CHAT_FIELDS, 'max_completion_tokens', 'seed', 'stream_options']
    return refuseUnknown(received, known, 400)
  },
  events: (script) => chatEvents(script, { errorEvent: openAiError }),
}

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html */
export const COMPATIBLE_WIRE: VendorWire = {
  ...COMMON,
  kind: 'openai-compatible',
  refusalOf: (received) => {
    return received.body['model'] === MODEL ? undefined : NO_MODEL
  },
  events: (script) =>
    chatEvents(script, {
      errorEvent: (words) => ({ object: 'error', message: words, type: 'InternalServerError' }),
    }),
  error: (code, words) => ({ object: 'error', message: words, type: 'BadRequestError', code }),
}

/** https://docs.ollama.com/api/openai-compatibility: no key, whole calls, unknown fields ignored. */
export const OLLAMA_WIRE: VendorWire = {
  ...COMMON,
  kind: 'ollama',
  isKnown: () => true,
  model: MODEL,
  refusalOf: ({ body }) => (body['model'] === MODEL ? undefined : NO_MODEL),
  look: ({ path }) => (path === '/v1/models' ? models([`${MODEL}:latest`]) : undefined),
  events: (script) => chatEvents(script, { areCallsWhole: true, errorEvent: openAiError }),
}

/** https://docs.mistral.ai/api: 422 for unknown fields and for ids of calls that are not nine signs. */
export const MISTRAL_WIRE: VendorWire = {
  ...COMMON,
  kind: 'mistral',
  refusalOf: (received) => {
    if (received.body['model'] !== MODEL) return { status: 400, words: 'Invalid model' }
    const ids = JSON.stringify(received.body['messages']).matchAll(/"(?:tool_call_)?id":"([^"]*)"/g)
    if ([...ids].some(([, id]) => !/^[a-zA-Z0-9]{9}$/.test(id ?? ''))) {
      return { status: 422, words: 'Tool call id has to be 9 signs' }
    }
    return refuseUnknown(received, [...CHAT_FIELDS, 'max_tokens', 'random_seed'], 422)
  },
  events: (script) =>
    chatEvents(script, {
      isUsageInLast: true,
      areCallsWhole: true,
      errorEvent: (words) => ({ object: 'error', message: words, type: 'internal', code: 1 }),
    }),
  error: (status, words) =>
    status === 422
      ? { object: 'error', message: { detail: [{ msg: words }] }, type: 'invalid_request_error' }
      : { object: 'error', message: words, type: 'invalid_request_error', code: 1_500 },
}

const AZURE_FIELDS = [...CHAT_FIELDS, 'max_completion_tokens', 'seed', 'stream_options']

/** The first chunk of Azure's has no choice; it tells what the filter thinks of the prompt. */
const FILTER_RESULTS = {
  id: '',
  object: '',
  created: 0,
  model: '',
  choices: [],
  prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
}

/** https://learn.microsoft.com/azure/ai-foundry/openai/reference, by its version. */
function azure(apiVersion: string | undefined): VendorWire {
  const path = apiVersion
    ? `/openai/deployments/${MODEL}/chat/completions?api-version=${apiVersion}`
    : '/openai/v1/chat/completions'
  return {
    kind: 'azure-openai',
    basePath: '',
    model: MODEL,
    ...(apiVersion === undefined ? {} : { apiVersion }),
    isChat: (received) => received.method === 'POST' && received.path === path,
    isKnown: ({ headers }) => headers['api-key'] === KEY && headers.authorization === undefined,
    look: () => undefined,
    refusalOf: (received) => {
      if (received.body['model'] !== MODEL) return NO_MODEL
      return refuseUnknown(received, AZURE_FIELDS, 400)
    },
    events: (script) => chatEvents(script, { first: FILTER_RESULTS, errorEvent: openAiError }),
    error: (status, words) => ({
      error: {
        code: status === 404 ? 'DeploymentNotFound' : String(status),
        message: words,
      },
    }),
  }
}

export const AZURE_V1_WIRE = azure(undefined)
export const AZURE_DATED_WIRE = azure('2024-10-21')
