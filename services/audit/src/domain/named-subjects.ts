import { canonicalText, type JsonObject, type RecordType } from '@lexcustis/evidence'
import type { Draft } from './draft.js'

/**
 * Attributes that name a person or a key. The chain outlives both, so it gets the pseudonym there as it
 * does for the actor; erasing the mapping then reaches these records as well.
 */
const NAMING: Readonly<Partial<Record<RecordType, readonly string[]>>> = {
  'user.created': ['user'],
  'user.changed': ['user'],
  'user.removed': ['user'],
  'apikey.created': ['key'],
  'apikey.rotated': ['key', 'replaced_by'],
  'apikey.revoked': ['key'],
}

type Named = Pick<Draft, 'type' | 'attrs'>

/** Everyone who needs a pseudonym for this record to be sealed. */
export function subjectIdsOf({ actor, ...draft }: Named & Pick<Draft, 'actor'>): string[] {
  const names = NAMING[draft.type]
  const own = actor.subjectId === undefined ? [] : [actor.subjectId]
  if (!names) return own
  const attrs = parse(draft)
  return [...own, ...names.flatMap((name) => asText(attrs[name]) ?? [])]
}

/** Canonical attributes as they are sealed; undefined when somebody in them has no pseudonym. */
export function sealedAttrs(
  draft: Named,
  pidOf: (subjectId: string) => string | undefined,
): string | undefined {
  const names = NAMING[draft.type]
  if (!names) return draft.attrs
  const attrs = { ...parse(draft) }
  for (const name of names) {
    const subjectId = asText(attrs[name])
    const pid = subjectId === undefined ? undefined : pidOf(subjectId)
    if (subjectId !== undefined && pid === undefined) return undefined
    if (pid !== undefined) attrs[name] = pid
  }
  return canonicalText(attrs)
}

function parse({ attrs }: Named): Record<string, JsonObject[string]> {
  return JSON.parse(attrs) as Record<string, JsonObject[string]>
}

function asText(value: JsonObject[string] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
