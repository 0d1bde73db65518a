import type { IngestHeader } from '@lexcustis/proto/rag'
import { z } from 'zod'

/** What may be said of a file beside it, in the query. */
export const DescriptionQuery = z.object({
  replaces: z
    .string()
    .max(64)
    .optional()
    .describe('Id of the document that this is a new version of'),
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/)
    .optional()
    .describe('ISO 639-1; recognised when it is left out'),
  dated_at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When the text was true or in force'),
  source: z.string().max(2_048).optional().describe('Where it is from'),
})
export type DescriptionQuery = z.output<typeof DescriptionQuery>

export type DescribedUpload = Pick<IngestHeader, 'replaces' | 'language' | 'datedAt' | 'source'>

export function fromDescription(query: DescriptionQuery): DescribedUpload {
  const { replaces = '', language = '', dated_at, source = '' } = query
  return { replaces, language, source, datedAt: dated_at ? new Date(dated_at) : undefined }
}
