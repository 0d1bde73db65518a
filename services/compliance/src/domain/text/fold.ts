/** A rewritten text that remembers where each of its UTF-16 units came from. */
export interface FoldedText {
  readonly text: string
  /** Offset in the original where unit `at` of the folded text begins. */
  startOf(at: number): number
  /** Offset in the original just after unit `at` of the folded text. */
  endOf(at: number): number
}

export type FoldPoint = (point: string) => string

const ASCII_ONLY = /^[\x00-\x7f]*$/ // eslint-disable-line no-control-regex -- the whole range is meant
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Cf}]$/u
const MARK = /\p{M}/gu
const DASH = /^\p{Pd}$|^\u2212$/u
const DIGIT = /^\p{Nd}$/u
const SPACE = /^[\p{Zs}\t]$/u
const CACHE_SIZE = 4_096

/** One fold per code point, computed once: alphabets are small. */
function remembered(fold: FoldPoint): FoldPoint {
  const cache = new Map<string, string>()
  return (point) => {
    const known = cache.get(point)
    if (known !== undefined) return known
    const folded = fold(point)
    if (cache.size < CACHE_SIZE) cache.set(point, folded)
    return folded
  }
}

/** Decimal digits of any script have ten consecutive code points beginning with their zero. */
function digitValue(point: string): string {
  const code = point.codePointAt(0) ?? 0
  if (code < 0x80) return point
  let zero = code
  while (code - zero < 9 && DIGIT.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String(code - zero)
}

/**
 * For identifiers: compatibility forms, invisible characters, dashes, spaces and digits of every
 * script become their plain form; case and accents stay.
 */
export const foldIdentifierPoint = remembered((point) => {
  if (IGNORABLE.test(point)) return ''
  if (DASH.test(point)) return '-'
  if (SPACE.test(point)) return ' '
  const plain = point.normalize('NFKC')
  return DIGIT.test(plain) ? digitValue(plain) : plain
})

/** Letters that have no decomposition but are written without their stroke or as two letters. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ħ: 'h', ŧ: 't', ŋ: 'n',
} // prettier-ignore

/** For words: as for identifiers, then lower case and without accents. */
export const foldWordPoint = remembered((point) => {
  const plain = foldIdentifierPoint(point)
  const letters = plain.normalize('NFKD').replace(MARK, '').toLowerCase()
  return PLAIN_LETTERS[letters] ?? (letters === '’' || letters === 'ʼ' ? "'" : letters)
})

/** Rewrites a text code point by code point, keeping the way back. ASCII needs no rewriting of its own. */
export function foldText(text: string, fold: FoldPoint, isAsciiStable: boolean): FoldedText {
  if (isAsciiStable && ASCII_ONLY.test(text)) {
    return { text, startOf: (at) => at, endOf: (at) => at + 1 }
  }
  const parts: string[] = []
  const starts: number[] = []
  let at = 0
  for (const point of text) {
    const folded = fold(point)
    parts.push(folded)
    for (let unit = 0; unit < folded.length; unit++) starts.push(at)
    at += point.length
  }
  const startOf = (unit: number) => starts[unit] ?? text.length
  const endOf = (unit: number) => {
    const start = startOf(unit)
    return start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1)
  }
  return { text: parts.join(''), startOf, endOf }
}

/** Folds a short text whose origin does not matter, such as an entry of a word list. */
export function foldWord(text: string): string {
  return Array.from(text, foldWordPoint).join('')
}
