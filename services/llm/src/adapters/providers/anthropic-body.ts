import type Anthropic from '@anthropic-ai/sdk'
import type {
  JsonObject,
  Message,
  ToolCall,
  ToolChoice,
  ToolDefinition,
  Tools,
} from '../../domain/completion.js'
import { invalid } from '../../domain/provider-choice.js'
import type { Prompted } from './dialect.js'

type Body = Anthropic.MessageCreateParamsStreaming

/** The API wants a limit; every model that is offered today writes at least this much. */
export const DEFAULT_MAX_TOKENS = 8_192

const NOT_HERE = 'is not supported by anthropic'

/**
 * A question in the form of the Messages API.
 * https://platform.claude.com/docs/en/api/messages/create
 */
export function toAnthropicBody(asked: Prompted): Body {
  refuseUnknown(asked)
  const { model, messages, sampling, tools } = asked
  const turn = messages.findIndex(({ speaker }) => speaker !== 'system')
  const start = turn < 0 ? messages.length : turn
  const system = messages.slice(0, start).map(({ content }) => content)
  return {
    model,
    max_tokens: sampling.maxTokens ?? DEFAULT_MAX_TOKENS,
    messages: toMessages(messages, start),
    stream: true,
    ...(system.length > 0 ? { system: system.join('\n\n') } : {}),
    ...(sampling.stop.length > 0 ? { stop_sequences: [...sampling.stop] } : {}),
    ...(tools ? toToolFields(tools) : {}),
    ...toOutputConfig(asked),
  }
}

/** Version 2026-10-21 of the API answers 400 to temperature and top_p, whatever their value. */
function refuseUnknown({ sampling }: Prompted): void {
  const fields = {
    '/temperature': sampling.temperature,
    '/top_p': sampling.topP,
    '/seed': sampling.seed,
    '/presence_penalty': sampling.presencePenalty,
    '/frequency_penalty': sampling.frequencyPenalty,
  }
  for (const [pointer, value] of Object.entries(fields)) {
    if (value !== undefined) throw invalid(pointer, `${NOT_HERE}; leave it out`)
  }
}

function toOutputConfig({ format }: Prompted): Pick<Body, 'output_config'> {
  if (!format) return {}
  if (format.type === 'json_object') {
    throw invalid('/response_format/type', `${NOT_HERE} as json_object; use json_schema`)
  }
  const { schema } = format.json_schema
  if (!schema) throw invalid('/response_format/json_schema/schema', 'is needed by anthropic')
  return { output_config: { format: { type: 'json_schema', schema } } }
}

type Turn = Anthropic.MessageParam

function toMessages(messages: readonly Message[], start: number): Turn[] {
  const turns: Turn[] = []
  messages.slice(start).forEach((message, offset) => {
    const pointer = `/messages/${start + offset}`
    if (message.speaker === 'tool') addResult(turns, message.toolCallId, message.content)
    else turns.push(toTurn(message, pointer))
  })
  return turns
}

type Spoken = Exclude<Message, { speaker: 'tool' }>

function toTurn(message: Spoken, pointer: string): Turn {
  const { content } = message
  if (message.speaker !== 'assistant' || !message.toolCalls?.length) {
    // It refuses empty text, and a message that says nothing can be left out by whoever wrote it.
    if (content.trim() === '')
      throw invalid(`${pointer}/content`, 'must not be empty for anthropic')
    return { role: message.speaker, content }
  }
  const text = content.trim() === '' ? [] : [{ type: 'text' as const, text: content }]
  const uses = message.toolCalls.map((call, at) => toToolUse(call, `${pointer}/tool_calls/${at}`))
  return { role: 'assistant', content: [...text, ...uses] }
}

function toToolUse({ id, name, arguments: given }: ToolCall, pointer: string) {
  return { type: 'tool_use' as const, id, name, input: readArguments(given, pointer) }
}

function readArguments(given: string, pointer: string): JsonObject {
  let input: unknown
  try {
    input = given === '' ? {} : JSON.parse(given)
  } catch {
    input = undefined
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    return input as JsonObject
  }
  throw invalid(`${pointer}/function/arguments`, 'must be a JSON object for anthropic')
}

/** The results of calls that were made at once have to come in one message. */
function addResult(turns: Turn[], tool_use_id: string, content: string): void {
  const result = { type: 'tool_result' as const, tool_use_id, content }
  const last = turns.at(-1)
  if (last?.role === 'user' && Array.isArray(last.content)) last.content.push(result)
  else turns.push({ role: 'user', content: [result] })
}

function toToolFields({
  definitions,
  choice,
  inParallel,
}: Tools): Pick<Body, 'tools' | 'tool_choice'> {
  const tools = definitions.map((definition, at) => toTool(definition, `/tools/${at}`))
  const tool_choice = toChoice(choice, inParallel)
  return tool_choice ? { tools, tool_choice } : { tools }
}

const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'function'])
const FUNCTION_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'description',
  'parameters',
  'strict',
])

function toTool(definition: ToolDefinition, pointer: string): Anthropic.Tool {
  refuseOthers(definition, TOOL_FIELDS, pointer)
  refuseOthers(definition.function, FUNCTION_FIELDS, `${pointer}/function`)
  const { name, description, parameters, strict } = definition.function
  if (parameters && parameters['type'] !== 'object') {
    throw invalid(`${pointer}/function/parameters/type`, 'must be object for anthropic')
  }
  return {
    name,
    input_schema: { ...parameters, type: 'object' },
    ...(description === undefined ? {} : { description }),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  }
}

function refuseOthers(given: JsonObject, known: ReadonlySet<string>, pointer: string): void {
  const other = Object.keys(given).find((field) => !known.has(field))
  if (other !== undefined) throw invalid(`${pointer}/${other}`, NOT_HERE)
}

function toChoice(
  choice: ToolChoice | undefined,
  inParallel: boolean | undefined,
): Anthropic.ToolChoice | undefined {
  if (choice === 'none') return { type: 'none' }
  const isLimited = inParallel === undefined ? {} : { disable_parallel_tool_use: !inParallel }
  if (choice === undefined) {
    return inParallel === undefined ? undefined : { type: 'auto', ...isLimited }
  }
  if (choice === 'auto') return { type: 'auto', ...isLimited }
  if (choice === 'required') return { type: 'any', ...isLimited }
  return { type: 'tool', name: choice.name, ...isLimited }
}
