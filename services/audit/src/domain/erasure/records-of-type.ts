import type { JsonObject, RecordType } from '@lexcustis/evidence'
import type { LogEntry } from '../ports.js'
import type { ErasureReader, Place } from './ports.js'

const PAGE = 500

/** Every record of a type in every log of the organisation, oldest first, behind `after`. */
export async function* allOfType(
  reader: Pick<ErasureReader, 'incarnations' | 'list'>,
  organizationId: string,
  type: RecordType,
  after?: Place,
): AsyncGenerator<LogEntry> {
  for (const incarnation of await reader.incarnations(organizationId)) {
    if (after && incarnation < after.incarnation) continue
    let from = after?.incarnation === incarnation ? after.sequence : -1n
    for (;;) {
      const place = { incarnation, after: from }
      const page = await reader.list(organizationId, place, { type, ref: undefined }, PAGE)
      yield* page
      const last = page.at(-1)
      if (!last || page.length < PAGE) break
      from = last.sequence
    }
  }
}

/** An attribute that the schema says is a text; empty when it is not there. */
export function textOf(attrs: JsonObject | undefined, name: string): string {
  const value = attrs?.[name]
  return typeof value === 'string' ? value : ''
}
