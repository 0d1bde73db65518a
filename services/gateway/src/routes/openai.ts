import { AppError } from '@lexcustis/core'
import { z } from 'zod'
import type { App } from '../app.js'
import type { Model, ResolvedProvider } from '../domain/chat/ports.js'
import { unknownModel } from '../domain/chat/prepare.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import { fromHttp, traceparentOf } from './chat-request.js'
import { CHAT_COMPLETIONS, readOpenAiRequest } from './openai-request.js'
import { OpenAiBody } from './openai-schema.js'
import { openAiVoice, toCompletion } from './openai-voice.js'
import { type ChatService, completeChat, streamChat } from './serve-chat.js'

const TAGS = ['openai']

/** OpenAI's API: an application changes its base URL and its key, nothing else. */
export function registerOpenAi(
  app: App,
  service: ChatService,
  model: Pick<Model, 'resolve'>,
): void {
  registerCompletions(app, service)
  registerModels(app, model)
  app.post(
    '/v1/embeddings',
    { ...requirePermission('chat'), schema: { tags: TAGS, summary: 'Not implemented yet' } },
    async () => {
      throw new AppError('UNIMPLEMENTED', 'embeddings are not implemented in this version')
    },
  )
}

function registerCompletions(app: App, service: ChatService): void {
  app.post(
    CHAT_COMPLETIONS,
    {
      ...requirePermission('chat'),
      schema: {
        tags: TAGS,
        produces: ['text/event-stream', 'application/json'],
        summary: 'Chat completion: the same checks and the same record as the native API',
        body: OpenAiBody,
      },
    },
    async (request, reply) => {
      const { body } = request
      const asked = readOpenAiRequest(body, tenantOf(request))
      const chatRequest = { ...fromHttp(request), ...asked }
      const created = Math.floor(Date.now() / 1000)
      if (asked.isStream) {
        const includesUsage = body.stream_options?.include_usage === true
        return streamChat(service, chatRequest, reply, openAiVoice(created, includesUsage))
      }
      const result = await completeChat(service, chatRequest, reply)
      if (result.kind === 'failed') throw result.error
      return reply.send(toCompletion(result, created))
    },
  )
}

function registerModels(app: App, model: Pick<Model, 'resolve'>): void {
  const resolve = async (request: Parameters<typeof tenantOf>[0]) =>
    model.resolve({ principal: tenantOf(request), traceparent: traceparentOf(request) })

  app.get(
    '/v1/models',
    {
      ...requirePermission('models.read'),
      schema: { tags: TAGS, summary: 'Models of the organisation' },
    },
    async (request) => {
      const resolved = await resolve(request)
      return { object: 'list', data: resolved.models.map((id) => toModelJson(id, resolved)) }
    },
  )
  app.get(
    // A wildcard, because ids may contain slashes: "mistralai/Mistral-7B-Instruct".
    '/v1/models/*',
    {
      ...requirePermission('models.read'),
      schema: { tags: TAGS, summary: 'One model', params: z.object({ '*': z.string() }) },
    },
    async (request) => {
      const resolved = await resolve(request)
      const id = request.params['*']
      if (!resolved.models.includes(id)) throw unknownModel(resolved.models)
      return toModelJson(id, resolved)
    },
  )
}

/** Nobody tells us when a model was made; the field is required by the format. */
const CREATED_UNKNOWN = 0

function toModelJson(id: string, { provider }: ResolvedProvider) {
  return { id, object: 'model', created: CREATED_UNKNOWN, owned_by: provider }
}
