import { z } from 'zod'

export const MAX_MESSAGES = 1_000
export const MAX_CONTENT_CHARS = 200_000
const MAX_DOCUMENTS = 100

/** At most `max` characters, counted as people count them: a surrogate pair is one. */
export function hasAtMostChars(text: string, max: number): boolean {
  if (text.length <= max) return true
  if (text.length > 2 * max) return false
  let count = 0
  for (const _character of text) if (++count > max) return false
  return true
}

export const Content = z
  .string()
  .min(1, 'must not be empty')
  .refine((text) => hasAtMostChars(text, MAX_CONTENT_CHARS), {
    error: `must have at most ${MAX_CONTENT_CHARS} characters`,
  })

export const DocumentIds = z
  .array(z.uuid('must be the id of a document').toLowerCase())
  .max(MAX_DOCUMENTS, `at most ${MAX_DOCUMENTS} documents`)
  .describe('Only these documents are searched; all of the organisation when empty or absent')

/** Body of `POST /api/v1/chat`. */
export const ChatBody = z.strictObject({
  messages: z
    .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: Content }))
    .min(1, 'at least one message')
    .max(MAX_MESSAGES, `at most ${MAX_MESSAGES} messages`)
    .superRefine((messages, context) => {
      const last = messages.at(-1)
      if (!last) return
      const place = (field: string) => [messages.length - 1, field]
      if (last.role !== 'user') {
        context.addIssue({
          code: 'custom',
          path: place('role'),
          message: 'the last message must be the user’s',
        })
      } else if (last.content.trim() === '') {
        context.addIssue({
          code: 'custom',
          path: place('content'),
          message: 'the question must not be blank',
        })
      }
    }),
  stream: z.boolean().default(true),
  model: z.string().min(1).max(200).optional().describe('One of GET /v1/models'),
  document_ids: DocumentIds.optional(),
  conversation_id: z.uuid().optional().describe('The client’s own; comes back in `meta`'),
})

export type ChatBody = z.output<typeof ChatBody>
