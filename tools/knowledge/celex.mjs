import { findDate } from './dates.mjs'
import { actTypeOf } from './words.mjs'

const CELEX = /(?<![\dA-Z])([03])(\d{4}[A-Z]{1,2}\d{4})(?:-(\d{8}))?(?![\d-])/
const ELI = /\/eli\/(reg|dir|dec)(?:_\w+)?\/(\d{4})\/(\d{1,4})(?:\/(\d{4}-\d{2}-\d{2}))?(?=\/|$)/
const LETTERS = { reg: 'R', dir: 'L', dec: 'D' }
/** `(EU) 2024/1689` and `(EU) No 910/2014`, whatever the language calls the number. */
const NUMBERED = /\(\p{Lu}{2,4}(?:, ?Euratom)?\)\s+(\p{L}{1,3}\.?[°º]?\s*)?(\d{1,4})\/(\d{1,4})/u
/** `2014/90/EU`, `95/46/EC`. */
const SUFFIXED = /(?<!\d)(\d{4}|\d{2})\/(\d{1,4})\/\p{Lu}{2,4}(?!\p{L})/u

/**
 * What an act is, without its language and its version. https://eur-lex.europa.eu/content/help/eurlex-content/celex-number.html
 * @typedef {object} ActId
 * @property {string} base for example `2024R1689`
 * @property {string | undefined} consolidatedAt `YYYY-MM-DD`, when the id names a consolidation
 */

/**
 * Finds an act in a CELEX number or an address of EUR-Lex.
 * @param {string | undefined} text
 * @returns {ActId | undefined}
 */
export function findActId(text) {
  const celex = CELEX.exec(text ?? '')
  if (celex) return { base: celex[2] ?? '', consolidatedAt: findDate(celex[3]) }
  const eli = ELI.exec(text ?? '')
  if (!eli) return undefined
  const [, type = '', year = '', number = '', date] = eli
  return { base: baseOf(year, LETTERS[type], number), consolidatedAt: date }
}

/**
 * The act that a title names first: `Regulation (EU) 2024/1689 …`.
 * @param {string} title
 * @returns {ActId | undefined}
 */
export function actIdOfTitle(title) {
  const letter = actTypeOf(title)
  const named = letter && designationOf(title)
  return named
    ? { base: baseOf(named.year, letter, named.number), consolidatedAt: undefined }
    : undefined
}

/**
 * @param {string} title
 * @returns {{ year: string, number: string, end: number } | undefined} `end` is where it ends in the title
 */
export function designationOf(title) {
  const numbered = NUMBERED.exec(title)
  const suffixed = SUFFIXED.exec(title)
  if (numbered && (!suffixed || numbered.index < suffixed.index)) {
    const [all, no, first = '', second = ''] = numbered
    // `No` came before the number until 2014; since then the year is first.
    const [year, number] =
      no || (second.length === 4 && first.length < 4) ? [second, first] : [first, second]
    return { year, number, end: numbered.index + all.length }
  }
  if (!suffixed) return undefined
  const [all, year = '', number = ''] = suffixed
  return { year: year.length === 2 ? `19${year}` : year, number, end: suffixed.index + all.length }
}

/**
 * The CELEX number of a version: `02024R1689-20260727` of a consolidation, `32024R1689` of the text in
 * the Official Journal.
 * @param {string} base
 * @param {string | undefined} consolidatedAt
 */
export function celexOf(base, consolidatedAt) {
  return consolidatedAt ? `0${base}-${consolidatedAt.replaceAll('-', '')}` : `3${base}`
}

function baseOf(year, letter, number) {
  return `${year}${letter}${number.padStart(4, '0')}`
}
