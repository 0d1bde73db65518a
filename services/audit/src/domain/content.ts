import { AppError } from '@lexcustis/core'
import { type CommittedField, COMMITTED_FIELDS, type Commitments } from '@lexcustis/evidence'
import type { Keyring } from './keyring.js'
import type { LogEntry, LogReader, StoredContent } from './ports.js'
import { envelopeOf } from './same-record.js'
import { openContent, unwrapKey } from './vault.js'

export interface ContentItem {
  readonly field: CommittedField
  /** Undefined when it is gone, or not what was committed to. */
  readonly value: string | undefined
}

export interface ContentDeps {
  readonly reader: Pick<LogReader, 'byId' | 'contents'>
  readonly keyring: Keyring
  /** Records that the content of `ref` is read, before it is. */
  readonly recordRead: (ref: string, fields: readonly CommittedField[]) => Promise<void>
}

/** Opens what one record commits to. NOT_FOUND without a record, in this organisation, of this id. */
export async function readContent(
  { reader, keyring, recordRead }: ContentDeps,
  organizationId: string,
  id: string,
): Promise<readonly ContentItem[]> {
  const entry = await reader.byId(organizationId, id)
  if (!entry) throw new AppError('NOT_FOUND', 'there is no such record')
  const commitments = envelopeOf(entry)?.commitments ?? {}
  const fields = COMMITTED_FIELDS.filter((field) => commitments[field] !== undefined)
  await recordRead(id, fields)
  const stored = await reader.contents(organizationId, entry.incarnation, entry.sequence)
  const open = createOpener(keyring, organizationId, entry, commitments)
  return fields.map((field) => ({
    field,
    value: open(stored.find((row) => row.field === field)),
  }))
}

function createOpener(
  keyring: Keyring,
  organizationId: string,
  { incarnation, sequence }: LogEntry,
  commitments: Commitments,
): (row: StoredContent | undefined) => string | undefined {
  return (row) => {
    const wrappingKey = row?.key && keyring.wrappingKey(organizationId, row.key.kid)
    const dataKey = wrappingKey && unwrapKey(wrappingKey, row.key.bytes)
    const commitment = commitments[row?.field as CommittedField]
    if (!row || !dataKey || commitment === undefined) return undefined
    const place = { organizationId, incarnation, sequence, field: row.field }
    return openContent(dataKey, place, { ...row, commitment })?.toString('utf8')
  }
}
