import type { Hit, Paced } from '../check.js'
import { foldIdentifierPoint, foldText } from '../text/fold.js'
import { findCards } from './card.js'
import { findEmails } from './email.js'
import { findIbans } from './iban.js'
import { findIps } from './ip.js'
import { findPhones } from './phone.js'
import type { IdentifierValidators } from './recognizers.js'

/** In order of trust: what a checksum has claimed is not looked at again as a phone number. */
const FINDERS = [findEmails, findIbans, findCards, findIps, findPhones]

/** Personal identifiers of a text in reading order; no two overlap. */
export function* findPii(text: string, validators: IdentifierValidators): Paced<Hit[]> {
  const folded = foldText(text, foldIdentifierPoint, true)
  yield
  let hits: Hit[] = []
  for (const find of FINDERS) {
    hits = merge(hits, yield* find(folded, validators))
    yield
  }
  return hits
}

/** Adds later hits that touch none of the earlier; both lists and the result are in reading order. */
function merge(earlier: readonly Hit[], later: readonly Hit[]): Hit[] {
  const merged: Hit[] = []
  let next = 0
  for (const hit of later) {
    for (let known = earlier[next]; known && known.end <= hit.start; known = earlier[++next]) {
      merged.push(known)
    }
    const known = earlier[next]
    if (!known || known.start >= hit.end) merged.push(hit)
  }
  return [...merged, ...earlier.slice(next)]
}
