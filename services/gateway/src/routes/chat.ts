import type { FastifyReply } from 'fastify'
import { AppError } from '@lexcustis/core'
import { REASON_TABLE } from '@lexcustis/rpc'
import { createRpcChecks } from '../adapters/rpc-checks.js'
import { createRpcEvidence } from '../adapters/rpc-evidence.js'
import { createRpcModel } from '../adapters/rpc-model.js'
import { createRpcSearch } from '../adapters/rpc-search.js'
import type { App } from '../app.js'
import { createChatEvents } from '../chat-events.js'
import { CODE_VERSION } from '../code-version.js'
import type { RouteDeps } from '../deps.js'
import { createChat } from '../domain/chat/chat.js'
import { type ChatRequest, NO_OPTIONS } from '../domain/chat/request.js'
import type { ChatResult } from '../domain/chat/result.js'
import { RunningChats } from '../domain/chat/running-chats.js'
import { DEFAULT_CHAT_SETTINGS } from '../domain/chat/settings.js'
import { requirePermission } from '../plugins/access.js'
import { failureHeaders } from '../plugins/problem.js'
import { fromHttp } from './chat-request.js'
import { ChatBody } from './chat-schema.js'
import { nativeVoice, toAnswerJson, toChatProblem } from './chat-voice.js'
import { registerOpenAi } from './openai.js'
import { type ChatService, completeChat, streamChat } from './serve-chat.js'

const ENDPOINT = '/api/v1/chat'
/** Chats stopped by a shutdown get this long to record their ends; the hard exit comes after 2 s. */
const SETTLE_MS = 1_500

/** Both chat APIs, over one lifecycle. */
export function chatRoutes(app: App, deps: RouteDeps): void {
  const { peers, tokens } = deps
  const running = new RunningChats()
  deps.shutdown.addEventListener('abort', () => running.stopAll(), { once: true })
  app.addHook('onClose', async () => running.settled(SETTLE_MS))

  const model = createRpcModel(peers.llm, tokens)
  const chat = createChat(
    {
      admission: deps.admission,
      checks: createRpcChecks(peers.compliance, tokens),
      search: createRpcSearch(peers.rag, tokens),
      model,
      evidence: createRpcEvidence(peers.audit, tokens),
      events: createChatEvents(deps.log, deps.metrics, () => running.count),
      clock: deps.clock,
      running,
    },
    { ...DEFAULT_CHAT_SETTINGS, maxMs: deps.chatMaxMs, codeVersion: CODE_VERSION },
  )
  registerNativeChat(app, { chat, running })
  registerOpenAi(app, { chat, running }, model)
}

/** `POST /api/v1/chat`. */
export function registerNativeChat(app: App, service: ChatService): void {
  app.post(
    ENDPOINT,
    {
      ...requirePermission('chat'),
      schema: {
        tags: ['chat'],
        produces: ['text/event-stream', 'application/json'],
        summary: 'Ask a question; the answer is checked, recorded and, by default, streamed',
        body: ChatBody,
      },
    },
    async (request, reply) => {
      const { body } = request
      const chatRequest = { ...fromHttp(request), ...fromBody(body) }
      const conversationId = body.conversation_id
      try {
        if (body.stream) {
          return await streamChat(service, chatRequest, reply, nativeVoice(conversationId))
        }
        const result = await completeChat(service, chatRequest, reply)
        if (result.kind === 'failed') return await sendFailed(reply, result)
        return await reply.send(toAnswerJson(result, conversationId))
      } catch (error) {
        throw asInvalidModel(error)
      }
    },
  )
}

function fromBody(
  body: ChatBody,
): Omit<ChatRequest, 'requestId' | 'principal' | 'traceparent' | 'clientRequestId'> {
  return {
    endpoint: ENDPOINT,
    isStream: body.stream,
    messages: body.messages,
    model: body.model,
    usesRetrieval: true,
    documentIds: body.document_ids ?? [],
    sampling: {},
    options: NO_OPTIONS,
  }
}

/** A problem document with the receipt, as the `error` event of a stream has it. */
async function sendFailed(
  reply: FastifyReply,
  result: Extract<ChatResult, { kind: 'failed' }>,
): Promise<FastifyReply> {
  return reply
    .code(REASON_TABLE[result.error.reason].http)
    .headers(failureHeaders(result.error))
    .type('application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(toChatProblem(result))
}

/** OpenAI's API calls an unknown model not found; here it is a field that does not fit. */
function asInvalidModel(error: unknown): unknown {
  if (!(error instanceof AppError) || error.reason !== 'NOT_FOUND') return error
  const { message, errors } = error
  return errors[0]?.pointer === '/model'
    ? new AppError('INVALID_INPUT', message, { errors })
    : error
}
