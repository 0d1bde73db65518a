import type { Hit, Paced } from '../check.js'
import type { FoldedText } from '../text/fold.js'
import { place } from '../text/words.js'
import { type DigitGroup, digitRows } from './digit-groups.js'
import type { IdentifierValidators } from './recognizers.js'

/** ISO/IEC 7812-1 lengths in use. */
const MIN_DIGITS = 12
const MAX_DIGITS = 19

/**
 * How card numbers are printed: whole, in fours, or in the groups of American Express and Diners.
 * Rows of other shapes are tables and references in which one number in ten passes Luhn by chance.
 */
const PRINTED = /^(?:\d{12,19}|4 4 4 4|4 4 4 [1-3]|4 4 4 4 [1-3]|4 6 [45]|4 4 5|8 8|6 10)$/
const MIN_FIRST_GROUP = 4
const MAX_GROUPS = 5
const PER_STEP = 64

/** Payment card numbers, with spaces or dashes. */
export function* findCards(folded: FoldedText, validators: IdentifierValidators): Paced<Hit[]> {
  const hits: Hit[] = []
  let tried = 0
  for (const groups of digitRows(folded.text)) {
    let next = 0
    while (next < groups.length) {
      if (++tried % PER_STEP === 0) yield
      const last = lastGroupOfCard(folded.text, groups, next, validators)
      const [from, to] = [groups[next], groups[last ?? next]]
      if (last !== undefined && from && to) {
        const span = place(folded, from.start, to.end)
        hits.push({ type: 'card', rule: 'pii.card.luhn', ...span, scoreE4: 9_500 })
      }
      next = (last ?? next) + 1
    }
  }
  return hits
}

/** Index of the group that ends the longest card number beginning with group `first`. */
function lastGroupOfCard(
  text: string,
  groups: readonly DigitGroup[],
  first: number,
  { isPaymentCard }: IdentifierValidators,
): number | undefined {
  const begin = groups[first]?.start ?? 0
  return printedEnds(groups, first).findLast((last) => {
    const number = text.slice(begin, groups[last]?.end)
    return hasOneSeparator(number) && isPaymentCard(number)
  })
}

/** Groups at which a row beginning with group `first` is printed like a card number. */
function printedEnds(groups: readonly DigitGroup[], first: number): number[] {
  const ends: number[] = []
  const sizes: number[] = []
  let digits = 0
  for (const [offset, { start, end }] of groups.slice(first, first + MAX_GROUPS).entries()) {
    sizes.push(end - start)
    digits += end - start
    if (digits > MAX_DIGITS || (sizes[0] ?? 0) < MIN_FIRST_GROUP) break
    if (digits >= MIN_DIGITS && isPrinted(sizes)) ends.push(first + offset)
  }
  return ends
}

function isPrinted(sizes: readonly number[]): boolean {
  return sizes.length === 1 || PRINTED.test(sizes.join(' '))
}

/** `4111-1111 1111 1111` is two things side by side, not one number. */
function hasOneSeparator(number: string): boolean {
  return !(number.includes(' ') && number.includes('-'))
}
