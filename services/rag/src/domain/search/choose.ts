import { wordsOf } from '../terms.js'
import type { Ranked } from './rank.js'

/** How many passages of each kind an answer may have; 0 for no such limit. */
export interface Shares {
  readonly organizationLimit: number
  readonly sharedLimit: number
  readonly documentLimit: number
}

/**
 * Takes up to `limit` passages from the best on, as long as their source and their document have room,
 * each text once: the same words in another place or another spelling of white space add nothing to an
 * answer.
 */
export function choose(ranked: readonly Ranked[], limit: number, shares: Shares): Ranked[] {
  const limits = {
    organization: shares.organizationLimit || Infinity,
    shared: shares.sharedLimit || Infinity,
  }
  const perDocument = shares.documentLimit || Infinity
  const taken = new Map<string, number>()
  const texts = new Set<string>()
  const has = (key: string) => taken.get(key) ?? 0
  const chosen: Ranked[] = []
  for (const candidate of ranked) {
    // Further texts are not even read: most of those found are not needed.
    if (chosen.length === limit) break
    const { source, passage } = candidate
    const document = `${source} ${passage.documentId}`
    if (has(source) >= limits[source] || has(document) >= perDocument) continue
    const text = wordsOf(passage.text).join(' ')
    if (texts.has(text)) continue
    texts.add(text)
    taken.set(source, has(source) + 1)
    taken.set(document, has(document) + 1)
    chosen.push(candidate)
  }
  return chosen
}
