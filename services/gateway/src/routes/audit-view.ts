import { AppError } from '@lexcustis/core'
import {
  CommittedField,
  ContentState,
  type GetContentResponse,
  type Record as Sealed,
} from '@lexcustis/proto/audit'
import { z } from 'zod'

export const Entry = z.object({
  sequence: z.string(),
  id: z.string(),
  entry_hash: z.string().describe('Leaf hash, 64 hex digits'),
  mac: z.string().describe('64 hex digits'),
  canonical: z.string().describe('The RFC 8785 bytes as hashed, base64'),
  envelope: z.record(z.string(), z.unknown()).describe('The same, parsed'),
})

export function toEntry(record: Sealed | undefined): z.output<typeof Entry> {
  if (!record) throw new AppError('INTERNAL', 'an answer without its record')
  const { sequence, id, leaf, mac, canonical } = record
  return {
    sequence: String(sequence),
    id,
    entry_hash: leaf.toString('hex'),
    mac: mac.toString('hex'),
    canonical: canonical.toString('base64'),
    envelope: JSON.parse(canonical.toString('utf8')) as Record<string, unknown>,
  }
}

const FIELDS = {
  [CommittedField.PROMPT]: 'prompt',
  [CommittedField.RESPONSE]: 'response',
  [CommittedField.PASSAGES]: 'passages',
  [CommittedField.ORIGINALS]: 'originals',
  [CommittedField.RATIONALE]: 'rationale',
} as const

const STATES = {
  [ContentState.PRESENT]: 'present',
  [ContentState.ERASED]: 'erased',
  [ContentState.MISSING]: 'missing',
} as const

export const EntryContent = z.object({
  id: z.string(),
  items: z.array(
    z.object({
      field: z.enum(Object.values(FIELDS)),
      state: z.enum(Object.values(STATES)),
      value: z.string().nullable().describe('null unless present'),
      erased_by: z
        .object({ id: z.string(), sequence: z.string() })
        .nullable()
        .describe('The record that authorises the erasure; null unless erased'),
    }),
  ),
})

export function toEntryContent(
  id: string,
  { items }: GetContentResponse,
): z.output<typeof EntryContent> {
  return {
    id,
    items: items.map(({ field, state, value, erasedBy, erasedBySequence }) => {
      if (field === CommittedField.UNSPECIFIED || state === ContentState.UNSPECIFIED) {
        throw new AppError('INTERNAL', 'content without field or state')
      }
      const isPresent = state === ContentState.PRESENT
      return {
        field: FIELDS[field],
        state: STATES[state],
        value: isPresent ? value : null,
        erased_by:
          erasedBySequence === undefined
            ? null
            : { id: erasedBy, sequence: String(erasedBySequence) },
      }
    }),
  }
}
