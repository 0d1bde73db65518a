import type { Hit, Paced } from '../check.js'
import { foldIdentifierPoint, foldText } from '../text/fold.js'
import { findCards } from './card.js'
import { findEmails } from './email.js'
import { findIbans } from './iban.js'
import { findIps } from './ip.js'
import { mergeHits } from './merge-hits.js'
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
    hits = mergeHits(hits, yield* find(folded, validators))
    yield
  }
  return hits
}
