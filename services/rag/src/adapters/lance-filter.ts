import type { Owner } from '../domain/collection.js'
import type { IndexFilter } from '../domain/passage-index.js'
import { checkedLanguage, checkedTime, checkedUuid } from './filter-values.js'

/** An SQL predicate of what belongs to the owner. Throws INVALID_INPUT when the owner is no UUID. */
export function ownedBy(owner: Owner): string {
  return `org_id = ${uuid(owner)}`
}

export function ofDocument(owner: Owner, documentId: string): string {
  return `${ownedBy(owner)} AND document_id = ${uuid(documentId)}`
}

/** Undefined when nothing can match. Throws INVALID_INPUT for what is no id, language or date. */
export function matching(owner: Owner, filter: IndexFilter): string | undefined {
  const { documentIds, languages, datedFrom, datedBefore } = filter
  if (documentIds?.length === 0 || languages?.length === 0) return undefined
  return [
    ownedBy(owner),
    ...(documentIds ? [`document_id IN (${documentIds.map(uuid).join(', ')})`] : []),
    ...(languages ? [`language IN (${languages.map(language).join(', ')})`] : []),
    ...(datedFrom ? [`dated_at_ms >= ${checkedTime(datedFrom)}`] : []),
    ...(datedBefore ? [`dated_at_ms < ${checkedTime(datedBefore)}`] : []),
  ].join(' AND ')
}

/** A literal. Only what was checked gets into predicates, so there is nothing to escape. */
function uuid(id: string): string {
  return `'${checkedUuid(id)}'`
}

function language(code: string): string {
  return `'${checkedLanguage(code)}'`
}
