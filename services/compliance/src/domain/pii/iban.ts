import type { Hit, Paced } from '../check.js'
import type { FoldedText } from '../text/fold.js'
import { place } from '../text/words.js'
import type { IdentifierValidators } from './recognizers.js'

/** ISO 13616: country, check digits; at most 34 characters, in groups or not. */
const BEGIN = /(?<![\p{L}\p{N}])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/gu
const CHARACTER = /[A-Za-z0-9]/
const MIN_LENGTH = 15
const MAX_LENGTH = 34
const PER_STEP = 128

/** IBANs in any grouping, upper or lower case. */
export function* findIbans(folded: FoldedText, validators: IdentifierValidators): Paced<Hit[]> {
  const hits: Hit[] = []
  let tried = 0
  let doneUntil = 0
  for (const match of folded.text.matchAll(BEGIN)) {
    if (++tried % PER_STEP === 0) yield
    if (match.index < doneUntil) continue
    const end = longestValid(folded.text, match.index, validators)
    if (end === undefined) continue
    doneUntil = end
    const span = place(folded, match.index, end)
    hits.push({ type: 'iban', rule: 'pii.iban.iso13616', ...span, scoreE4: 9_900 })
  }
  return hits
}

function longestValid(
  text: string,
  start: number,
  { isIban }: IdentifierValidators,
): number | undefined {
  return groupEnds(text, start).findLast((end) => isIban(text.slice(start, end)))
}

/** Ends of groups that could be the end of the number: no letter or digit follows directly. */
function groupEnds(text: string, start: number): number[] {
  const ends: number[] = []
  let characters = 0
  for (let at = start; at < text.length; at++) {
    const isCharacter = CHARACTER.test(text.charAt(at))
    if (isCharacter && ++characters > MAX_LENGTH) break
    if (!isCharacter && !isSeparator(text, at)) break
    const isEnd = isCharacter && !CHARACTER.test(text.charAt(at + 1))
    if (isEnd && characters >= MIN_LENGTH) ends.push(at + 1)
  }
  return ends
}

/** One space or dash between two characters of the number. */
function isSeparator(text: string, at: number): boolean {
  return /[ -]/.test(text.charAt(at)) && CHARACTER.test(text.charAt(at + 1))
}
