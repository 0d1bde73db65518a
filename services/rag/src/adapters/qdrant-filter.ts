import type { Schemas } from '@qdrant/js-client-rest'
import type { Owner } from '../domain/collection.js'
import type { IndexFilter } from '../domain/passage-index.js'
import { checkedLanguage, checkedTime, checkedUuid } from './filter-values.js'

export type QdrantFilter = Schemas['Filter']
type Condition = Schemas['FieldCondition']

/** What belongs to a document of the owner. Throws INVALID_INPUT for what is no UUID. */
export function pointsOfDocument(owner: Owner, documentId: string): QdrantFilter {
  return {
    must: [ownedBy(owner), { key: 'document_id', match: { value: checkedUuid(documentId) } }],
  }
}

/** Undefined when nothing can match. Throws INVALID_INPUT for what is no id, language or date. */
export function pointsMatching(owner: Owner, filter: IndexFilter): QdrantFilter | undefined {
  const { documentIds, languages, datedFrom, datedBefore } = filter
  if (documentIds?.length === 0 || languages?.length === 0) return undefined
  const must: Condition[] = [ownedBy(owner)]
  if (documentIds) must.push({ key: 'document_id', match: { any: documentIds.map(checkedUuid) } })
  if (languages) must.push({ key: 'language', match: { any: languages.map(checkedLanguage) } })
  if (datedFrom) must.push({ key: 'dated_at', range: { gte: rfc3339(datedFrom) } })
  if (datedBefore) must.push({ key: 'dated_at', range: { lt: rfc3339(datedBefore) } })
  return { must }
}

function ownedBy(owner: Owner): Condition {
  return { key: 'org_id', match: { value: checkedUuid(owner) } }
}

/** A point in time as Qdrant's datetime index reads it. */
export function rfc3339(date: Date): string {
  return new Date(checkedTime(date)).toISOString()
}
