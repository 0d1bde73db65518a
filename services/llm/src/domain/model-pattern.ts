import { z } from 'zod'

/** The name of a model, or the beginning of names with `*` behind it. */
export const ModelPattern = z
  .string()
  .regex(/^(?:[^*]+\*?|\*)$/, 'must be a name, or the beginning of names with * behind it')

interface Named {
  readonly model: string
}

/** The first of the entries whose pattern says most about a model: its name, else the longest beginning. */
export function closest<Entry extends Named>(
  entries: readonly Entry[],
  model: string,
): Entry | undefined {
  let best: Entry | undefined
  for (const entry of entries) {
    if (isMeant(entry, model) && (!best || precisionOf(entry) > precisionOf(best))) best = entry
  }
  return best
}

function isMeant({ model: pattern }: Named, model: string): boolean {
  return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern
}

function precisionOf({ model: pattern }: Named): number {
  return pattern.endsWith('*') ? pattern.length : Infinity
}
