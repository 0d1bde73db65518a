import type { KeyObject } from 'node:crypto'
import type { OrganizationLog } from '../checkpoint-store.js'
import type { Keyring } from '../keyring.js'
import type { StoredContent } from '../ports.js'
import { openContent, unwrapKey } from '../vault.js'

/** What is in the vault for a field: its value, or why there is none to show. */
export type Opened =
  | { readonly is: 'open'; readonly salt: string; readonly value: string }
  /** The data key is wrapped with a master key that this process does not hold. */
  | { readonly is: 'locked' }
  /** Nothing, or not what the record commits to. */
  | { readonly is: 'gone' }

export type FieldOpener = (row: StoredContent | undefined, commitment: string) => Opened

/** Opens the vault of one log. Keys that wrap data keys are derived once each. */
export function createFieldOpener(
  keyring: Pick<Keyring, 'wrappingKey'>,
  { organizationId, incarnation }: OrganizationLog,
): FieldOpener {
  const known = new Map<string, KeyObject | undefined>()
  const wrappingKeyOf = (kid: string): KeyObject | undefined => {
    if (!known.has(kid)) known.set(kid, keyring.wrappingKey(organizationId, kid))
    return known.get(kid)
  }
  return (row, commitment) => {
    if (!row?.key) return { is: 'gone' }
    const wrappingKey = wrappingKeyOf(row.key.kid)
    if (!wrappingKey) return { is: 'locked' }
    const dataKey = unwrapKey(wrappingKey, row.key.bytes)
    const { sequence, field, salt } = row
    const place = { organizationId, incarnation, sequence, field }
    const value = dataKey && openContent(dataKey, place, { ...row, commitment })
    if (!value) return { is: 'gone' }
    return { is: 'open', salt: salt.toString('base64'), value: value.toString('utf8') }
  }
}
