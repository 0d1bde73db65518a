import { z } from 'zod'
import { DocumentIds, hasAtMostChars, MAX_CONTENT_CHARS, MAX_MESSAGES } from './chat-schema.js'

const Text = z.string().refine((text) => hasAtMostChars(text, MAX_CONTENT_CHARS), {
  error: `must have at most ${MAX_CONTENT_CHARS} characters`,
})

/** Any kind of part has this shape; which kinds are taken is decided by `readOpenAiRequest`. */
const Part = z.looseObject({ type: z.string(), text: Text.optional() })

const Message = z.looseObject({
  role: z.string(),
  content: z
    .union([Text, z.array(Part)], { error: 'must be text or an array of text parts' })
    .nullish(),
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
  lexcustis: z
    .strictObject({
      rag: z.boolean().optional().describe('Search the organisation’s documents'),
      document_ids: DocumentIds.optional(),
    })
    .nullish(),
})

export type OpenAiBody = z.output<typeof OpenAiBody>
