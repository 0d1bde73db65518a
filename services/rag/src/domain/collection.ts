import { AppError, isUuid } from '@lexcustis/core'

/** Whose documents: an organisation's UUID, or SHARED_OWNER. */
export type Owner = string

/**
 * Owner of the shared knowledge base: a UUIDv8 of our own (RFC 9562, section 5.8). Organisations have
 * UUIDv7s, so none is this one; access.ts refuses a token that says otherwise.
 */
export const SHARED_OWNER: Owner = '00000000-0000-8000-8000-000000000000'

/** Name of an owner's collection in the search index. Nothing a client sends takes part in it. */
export function collectionName(owner: Owner): string {
  if (owner === SHARED_OWNER) return 'shared_legal_knowledge_base'
  if (!isUuid(owner)) throw new AppError('INTERNAL', 'an owner that is not a UUID')
  return `org_${owner}_documents`
}
