import type { FinishReason } from '../../src/domain/completion.js'
import {
  DEFAULT_USAGE,
  KEY,
  MODEL,
  type Received,
  type Script,
  SNAPSHOT,
  unknownFields,
  type VendorWire,
} from './wire.js'

const FIELDS = [
  ...['model', 'max_tokens', 'messages', 'stream', 'system', 'stop_sequences'],
  ...['tools', 'tool_choice', 'output_config'],
]
const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  content_filter: 'refusal',
  tool_calls: 'tool_use',
}
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`

/** https://platform.claude.com/docs/en/build-with-claude/streaming */
function events(script: Script): string[] {
  const usage = script.usage === null ? null : (script.usage ?? DEFAULT_USAGE)
  const counted = usage ? inputUsage(usage.tokensIn) : undefined
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [],
    model: SNAPSHOT,
    stop_reason: null,
    usage: counted,
  }
  const started = [event('message_start', { message }), event('ping', {})]
  const said = [...started, ...textBlock(script.text ?? []), ...callBlocks(script)]
  if (script.fails === 'error') {
    const error = { type: 'overloaded_error', message: script.words }
    return [...said, event('error', { error })]
  }
  if (script.fails === 'malformed') {
    return [...said, 'event: content_block_delta\ndata: {"type": [\n\n', stopped]
  }
  if (script.fails) return said
  const reason = script.finish ?? (script.calls ? 'tool_calls' : 'stop')
  const delta = { stop_reason: STOP_REASONS[reason], stop_sequence: null }
  const written = usage ? { usage: { output_tokens: usage.tokensOut } } : {}
  if (script.finish !== null) said.push(event('message_delta', { delta, ...written }))
  if (!script.isEndMissing) said.push(stopped)
  return said
}

const stopped = event('message_stop', {})

/** Four tokens of them from the cache, two into it. */
function inputUsage(tokensIn: number): object {
  return {
    input_tokens: tokensIn - 6,
    cache_read_input_tokens: 4,
    cache_creation_input_tokens: 2,
    output_tokens: 1,
  }
}

function textBlock(pieces: readonly string[]): string[] {
  if (pieces.length === 0) return []
  return [
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...pieces.map((text) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    ),
    event('content_block_stop', { index: 0 }),
  ]
}

function callBlocks({ calls = [], text = [] }: Script): string[] {
  const first = text.length > 0 ? 1 : 0
  return calls.flatMap(({ id, name, pieces }, at) => {
    const index = first + at
    const block = { type: 'tool_use', id, name, input: {} }
    return [
      event('content_block_start', { index, content_block: block }),
      ...pieces.map((partial_json) =>
        event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json } }),
      ),
      event('content_block_stop', { index }),
    ]
  })
}

/** https://platform.claude.com/docs/en/api/errors */
function refusalOf({ headers, body }: Received): ReturnType<VendorWire['refusalOf']> {
  if (!headers['anthropic-version']) return { status: 400, words: 'anthropic-version: required' }
  if (body['model'] !== MODEL) return { status: 404, words: 'model: unknown' }
  if (!Number.isInteger(body['max_tokens'])) return { status: 400, words: 'max_tokens: required' }
  const [field] = unknownFields(body, FIELDS)
  if (field) return { status: 400, words: `${field}: Extra inputs are not permitted` }
  return undefined
}

export const ANTHROPIC_WIRE: VendorWire = {
  kind: 'anthropic',
  basePath: '',
  model: MODEL,
  isKnown: ({ headers }) => headers.authorization === `Bearer ${KEY}`,
  isChat: ({ method, path }) => method === 'POST' && path === '/v1/messages',
  look: ({ path }) =>
    path === `/v1/models/${MODEL}`
      ? { id: SNAPSHOT, type: 'model', display_name: 'Model 1', created_at: '2026-11-01T00:00:00Z' }
      : undefined,
  refusalOf,
  events,
  error: (status, message) => ({
    type: 'error',
    error: { type: ERROR_TYPES[status] ?? 'api_error', message },
    request_id: 'req_1',
  }),
}
