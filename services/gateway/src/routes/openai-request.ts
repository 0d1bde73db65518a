import type { TenantPrincipal } from '../domain/principal.js'
import type { ChatMessage, ChatRequest, Sampling } from '../domain/chat/request.js'
import { assertParameters, notTaken } from './openai-parameters.js'
import type { OpenAiBody } from './openai-schema.js'

export const CHAT_COMPLETIONS = '/v1/chat/completions'

const ROLES: Readonly<Record<string, ChatMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
}

/** What OpenAI's body asks for, in our terms. Throws INVALID_INPUT naming what is not supported. */
export function readOpenAiRequest(
  body: OpenAiBody,
  principal: TenantPrincipal,
): Omit<ChatRequest, 'requestId' | 'principal' | 'traceparent' | 'clientRequestId'> {
  assertParameters(body)
  const isStream = body.stream === true
  if (body.stream_options && !isStream) {
    throw notTaken('/stream_options', 'stream_options needs "stream": true')
  }
  return {
    endpoint: CHAT_COMPLETIONS,
    isStream,
    messages: body.messages.map(readMessage),
    model: body.model,
    usesRetrieval: body.lexcustis?.rag ?? principal.ragDefault,
    documentIds: body.lexcustis?.document_ids ?? [],
    sampling: readSampling(body),
  }
}

function readSampling({ temperature, top_p: topP, seed, stop, ...limits }: OpenAiBody): Sampling {
  return {
    temperature: temperature ?? undefined,
    topP: topP ?? undefined,
    maxTokens: readMaxTokens(limits),
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    seed: typeof seed === 'number' ? BigInt(seed) : undefined,
  }
}

/** The newer name of the same bound, or the older one. */
function readMaxTokens({
  max_tokens: older,
  max_completion_tokens: newer,
}: Pick<OpenAiBody, 'max_tokens' | 'max_completion_tokens'>): number | undefined {
  if (older && newer && older !== newer) {
    throw notTaken('/max_tokens', 'max_tokens and max_completion_tokens differ; give one of them')
  }
  return newer ?? older ?? undefined
}

type Message = OpenAiBody['messages'][number]

function readMessage(message: Message, index: number): ChatMessage {
  const pointer = `/messages/${index}`
  const role = Object.hasOwn(ROLES, message.role) ? ROLES[message.role] : undefined
  if (!role)
    throw notTaken(
      `${pointer}/role`,
      `messages of role ${describe(message.role)} are not supported`,
    )
  for (const [field, value] of Object.entries(message))
    assertField(`${pointer}/${field}`, field, value)
  return { role, content: readContent(message.content, `${pointer}/content`) }
}

/** Participant names are labels for OpenAI's models; a null `refusal` or call is what its SDK echoes. */
const MESSAGE_FIELDS: ReadonlySet<string> = new Set(['role', 'content', 'name'])
const ECHOED: ReadonlySet<string> = new Set([
  'refusal',
  'audio',
  'tool_calls',
  'function_call',
  'annotations',
])

function assertField(pointer: string, field: string, value: unknown): void {
  if (MESSAGE_FIELDS.has(field) || value === null) return
  if (ECHOED.has(field) && Array.isArray(value) && value.length === 0) return
  throw notTaken(pointer, `${field} in a message is not supported by this gateway`)
}

function readContent(content: Message['content'], pointer: string): string {
  if (typeof content === 'string') return content
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
