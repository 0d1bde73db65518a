import { AppError } from '@lexcustis/core'
import { CommittedField, type EraseSubjectResponse, type Receipt } from '@lexcustis/proto/audit'
import { z } from 'zod'
import { Instant } from './schemas.js'

const FIELDS = {
  prompt: CommittedField.PROMPT,
  response: CommittedField.RESPONSE,
  passages: CommittedField.PASSAGES,
  originals: CommittedField.ORIGINALS,
  rationale: CommittedField.RATIONALE,
} as const

export const FieldName = z.enum(
  Object.keys(FIELDS) as [keyof typeof FIELDS, ...(keyof typeof FIELDS)[]],
)

export function toFieldMessages(names: readonly z.output<typeof FieldName>[]): CommittedField[] {
  return names.map((name) => FIELDS[name])
}

const ReceiptView = z.object({
  entry_id: z.string(),
  incarnation: z.string(),
  sequence: z.string(),
  entry_hash: z.string().describe('Leaf hash, 64 hex digits'),
  recorded_at: Instant,
  checkpoint_size: z.string(),
})

export const ErasureReport = z.object({
  dry_run: z.boolean().describe('Nothing was changed'),
  receipts: z.array(ReceiptView).describe('Of the `subject.erased` records'),
  erased_records: z.string(),
  erased_fields: z.string(),
  held_by: z.array(z.string()).describe('Open incidents that would refuse it; of a dry run'),
  complete_after: Instant.nullable().describe('When the last backup with the content has expired'),
  not_erased: z
    .object({
      documents: z
        .array(z.string())
        .describe('Documents, with their vectors, that this person added: the organisation’s own'),
      copies: z
        .array(z.object({ incarnation: z.string(), sequence: z.string(), recorded_at: Instant }))
        .describe('Copies given out are listed, not erased: `dossier.exported` records'),
      account: z
        .boolean()
        .describe('Whether the account is still there; it stays until the user is removed'),
      api_keys: z
        .array(z.string())
        .describe('Keys of this person in use: what was asked with one is under the key’s own id'),
      caches: z
        .array(z.string())
        .describe('What keeps data for a while, and whether content is in'),
    })
    .describe('Found elsewhere, and left where it is'),
})

/** Every cache there is; said so that nobody has to ask. */
const CACHES = [
  'gateway: organisations and API keys for a second, tokens for half a minute, counters of requests; no content',
  'rag: pages of the search index, made from documents; no questions and no answers',
  'llm: settings of providers; no questions and no answers',
  'compliance: none of content',
]

export interface FoundElsewhere {
  readonly hasAccount: boolean
  readonly apiKeys: readonly string[]
}

export function toErasureReport(
  response: EraseSubjectResponse,
  { hasAccount, apiKeys }: FoundElsewhere,
): z.output<typeof ErasureReport> {
  const { copies, documents, heldBy, receipts } = response
  return {
    dry_run: response.dryRun,
    receipts: receipts.map(toReceipt),
    erased_records: String(response.erasedRecords),
    erased_fields: String(response.erasedFields),
    held_by: heldBy,
    complete_after: response.completeAfter || null,
    not_erased: {
      documents,
      copies: copies.map(({ incarnation, sequence, recordedAt }) => ({
        incarnation,
        sequence: String(sequence),
        recorded_at: recordedAt,
      })),
      account: hasAccount,
      api_keys: [...apiKeys],
      caches: CACHES,
    },
  }
}

function toReceipt(receipt: Receipt): z.output<typeof ReceiptView> {
  return {
    entry_id: receipt.entryId,
    incarnation: receipt.incarnation,
    sequence: String(receipt.sequence),
    entry_hash: receipt.entryHash.toString('hex'),
    recorded_at: receipt.recordedAt,
    checkpoint_size: String(receipt.checkpointSize),
  }
}

export function approvalOf(receipt: Receipt | undefined): string {
  if (!receipt) throw new AppError('INTERNAL', 'an answer without its receipt')
  return receipt.entryId
}
