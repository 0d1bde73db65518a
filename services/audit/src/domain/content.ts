import { AppError } from '@lexcustis/core'
import { type CommittedField, COMMITTED_FIELDS, type Commitments } from '@lexcustis/evidence'
import { type Authority, findAuthorities } from './erasure/authority.js'
import type { ErasureReader } from './erasure/ports.js'
import type { Keyring } from './keyring.js'
import type { LogEntry, LogReader, StoredContent } from './ports.js'
import { envelopeOf } from './same-record.js'
import { openContent, unwrapKey } from './vault.js'

export interface ContentItem {
  readonly field: CommittedField
  /** Undefined when it is erased, gone, or not what was committed to. */
  readonly value: string | undefined
  /** What authorises its erasure. Undefined without a value: it is missing. */
  readonly erasedBy: Authority | undefined
}

export interface ContentDeps {
  readonly reader: Pick<LogReader, 'byId' | 'contents' | 'list'> &
    Pick<ErasureReader, 'incarnations'>
  readonly keyring: Keyring
  /** Records that the content of `ref` is read, before it is. */
  readonly recordRead: (ref: string, fields: readonly CommittedField[]) => Promise<void>
}

/**
 * Opens what one record commits to. What may be erased is not shown any more, even while it is there.
 * NOT_FOUND without a record, in this organisation, of this id.
 */
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
  // The authority is durable before anything is deleted, so it is looked for after reading.
  const stored = await reader.contents(organizationId, entry.incarnation, entry.sequence)
  const authorities = await findAuthorities(reader, organizationId, entry, fields)
  const open = createOpener(keyring, organizationId, entry, commitments)
  return fields.map((field) => {
    const erasedBy = authorities.get(field)
    const value = erasedBy ? undefined : open(stored.find((row) => row.field === field))
    return { field, value, erasedBy }
  })
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
