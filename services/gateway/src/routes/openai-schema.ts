import { z } from 'zod'
import { DocumentIds, hasAtMostChars, MAX_CONTENT_CHARS, MAX_MESSAGES } from './chat-schema.js'

const Text = z.string().refine((text) => hasAtMostChars(text, MAX_CONTENT_CHARS), {
  error: `must have at most ${MAX_CONTENT_CHARS} characters`,
})

/** Any kind of part has this shape; which kinds are taken is decided by `readOpenAiRequest`. */
const Part = z.looseObject({ type: z.string(), text: Text.optional() })

const Name = z.string().regex(/^[\w-]{1,64}$/, 'must be up to 64 letters, digits, _ and -')
const MAX_TOOLS = 128
const MAX_CALLS = 128
const Penalty = z.number().min(-2).max(2)

/** Fields beyond these are the vendor's own and stay. */
const Tool = z.looseObject({
  type: z.literal('function', 'only function is supported'),
  function: z.looseObject({ name: Name }),
})

export const ToolCalls = z
  .array(
    z.strictObject({
      id: z.string().min(1).max(256),
      type: z.literal('function', 'only function is supported').optional(),
      function: z.strictObject({ name: Name, arguments: Text }),
    }),
  )
  .min(1)
  .max(MAX_CALLS, `at most ${MAX_CALLS} calls`)

const isSmall = (value: unknown) => JSON.stringify(value).length <= MAX_CONTENT_CHARS

const Message = z.looseObject({
  role: z.string(),
  content: z
    .union([Text, z.array(Part)], { error: 'must be text or an array of text parts' })
    .nullish(),
  tool_calls: ToolCalls.nullish().or(z.array(z.never()).max(0)),
  tool_call_id: z.string().min(1).max(256).nullish(),
})

/**
 * Body of `POST /v1/chat/completions`: the types of what is taken. Everything else is let through to
 * `readOpenAiRequest`, which accepts or refuses it by name. As in OpenAI's API, null means absent.
 */
export const OpenAiBody = z.looseObject({
  model: z.string().min(1).max(200).describe('One of GET /v1/models'),
  messages: z
    .array(Message)
    .min(1, 'at least one message')
    .max(MAX_MESSAGES, `at most ${MAX_MESSAGES} messages`),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish(),
      include_obfuscation: z.boolean().nullish(),
    })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_tokens: z.int().min(1).max(0xffff_ffff).nullish(),
  max_completion_tokens: z.int().min(1).max(0xffff_ffff).nullish(),
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1)).max(4)], {
      error: 'must be one text or an array of up to 4',
    })
    .nullish(),
  seed: z.int().nullish(),
  presence_penalty: Penalty.nullish(),
  frequency_penalty: Penalty.nullish(),
  tools: z
    .array(Tool)
    .max(MAX_TOOLS, `at most ${MAX_TOOLS} tools`)
    .refine(isSmall, `must take at most ${MAX_CONTENT_CHARS} characters as JSON`)
    .nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.literal('function') })], {
      error: 'must be none, auto, required or a function by name',
    })
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: z
    .looseObject({ type: z.enum(['text', 'json_object', 'json_schema']) })
    .refine(isSmall, `must take at most ${MAX_CONTENT_CHARS} characters as JSON`)
    .nullish(),
  lexcustis: z
    .strictObject({
      rag: z.boolean().optional().describe('Search the organisation’s documents'),
      document_ids: DocumentIds.optional(),
    })
    .nullish(),
})

export type OpenAiBody = z.output<typeof OpenAiBody>
