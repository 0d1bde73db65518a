import type { ChatMessage, ToolCall } from '../domain/chat/request.js'
import { notTaken } from './openai-parameters.js'
import type { OpenAiBody } from './openai-schema.js'

const ROLES: Readonly<Record<string, ChatMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
}

type Message = OpenAiBody['messages'][number]

/** The conversation in our terms. Throws INVALID_INPUT naming what is not supported. */
export function readMessages(messages: readonly Message[]): ChatMessage[] {
  const asked = new Set<string>()
  return messages.map((message, index) => {
    const read = readMessage(message, index)
    if (read.role === 'tool' && !asked.has(read.toolCallId ?? '')) {
      throw notTaken(
        `/messages/${index}/tool_call_id`,
        'tool_call_id must be the id of a call in a message before',
      )
    }
    for (const { id } of read.toolCalls ?? []) asked.add(id)
    return read
  })
}

function readMessage(message: Message, index: number): ChatMessage {
  const pointer = `/messages/${index}`
  const role = Object.hasOwn(ROLES, message.role) ? ROLES[message.role] : undefined
  if (!role) {
    const detail = `messages of role ${describe(message.role)} are not supported`
    throw notTaken(`${pointer}/role`, detail)
  }
  for (const [field, value] of Object.entries(message))
    assertField(`${pointer}/${field}`, field, value)
  if (role === 'tool') return readToolMessage(message, pointer)
  const toolCalls = readCalls(message)
  if (toolCalls.length === 0) {
    return { role, content: readContent(message.content, `${pointer}/content`) }
  }
  if (role !== 'assistant') {
    throw notTaken(`${pointer}/tool_calls`, 'tool_calls belong to the assistant')
  }
  return { role, content: readContent(message.content, `${pointer}/content`, true), toolCalls }
}

/** A tool may well have nothing to say. */
function readToolMessage(message: Message, pointer: string): ChatMessage {
  const { tool_call_id: toolCallId, content } = message
  if (!toolCallId) throw notTaken(`${pointer}/tool_call_id`, 'tool_call_id is missing')
  return { role: 'tool', toolCallId, content: readContent(content, `${pointer}/content`, true) }
}

function readCalls({ tool_calls: calls }: Message): ToolCall[] {
  return (calls ?? []).map(({ id, function: { name, arguments: given } }) => ({
    id,
    name,
    arguments: given,
  }))
}

/** Participant names are labels for OpenAI's models; a null `refusal` or call is what its SDK echoes. */
const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'tool_calls',
  'tool_call_id',
])
const ECHOED: ReadonlySet<string> = new Set(['refusal', 'audio', 'function_call', 'annotations'])

function assertField(pointer: string, field: string, value: unknown): void {
  if (MESSAGE_FIELDS.has(field) || value === null) return
  if (ECHOED.has(field) && Array.isArray(value) && value.length === 0) return
  throw notTaken(pointer, `${field} in a message is not supported by this gateway`)
}

function readContent(content: Message['content'], pointer: string, mayBeEmpty = false): string {
  if (typeof content === 'string') return content
  if (mayBeEmpty && (!content || content.length === 0)) return ''
  if (!content || content.length === 0) throw notTaken(pointer, 'the message has no content')
  return content.map((part, index) => readPart(part, `${pointer}/${index}`)).join('\n')
}

function readPart(
  part: { readonly type: string; readonly text?: string | undefined },
  pointer: string,
): string {
  if (part.type !== 'text') {
    throw notTaken(
      `${pointer}/type`,
      `content of type ${describe(part.type)} is not supported; send text`,
    )
  }
  if (part.text === undefined) throw notTaken(`${pointer}/text`, 'a text part needs a text')
  return part.text
}

/** Names of the client's making are shown only as far as they can be a name. */
function describe(name: string): string {
  return /^[\w.-]{1,40}$/.test(name) ? name : 'that name'
}
