import { readFileSync } from 'node:fs'
import { celexOf, designationOf } from './celex.mjs'
import { ImportError } from './import-error.mjs'

/**
 * A line of an act's text. `indent` counts the lists it stands in; headings divide long annexes.
 * @typedef {{ text: string, indent: number, isHeading: boolean }} Line
 *
 * What people cite: an article, a recital or an annex.
 * @typedef {object} Unit
 * @property {'article' | 'recital' | 'annex'} kind
 * @property {string} label as the act has it: `Article 26`
 * @property {string} title as the act has it; empty when there is none
 * @property {string[]} path chapter, section and whatever else is above, outermost first
 * @property {Line[]} lines
 *
 * One version of an act in one language.
 * @typedef {object} Act
 * @property {string} base `2024R1689`
 * @property {string} title official and complete
 * @property {string | undefined} consolidatedAt `YYYY-MM-DD`; undefined for the Official Journal's text
 * @property {string} datedAt `YYYY-MM-DD`
 * @property {string} language ISO 639-1
 * @property {Unit[]} units in the order of the act
 */

/** @type {Readonly<Record<string, Readonly<Record<string, string>>>>} */
const SHORT_NAMES = JSON.parse(readFileSync(new URL('short-names.json', import.meta.url), 'utf8'))
/** Words that stay small in a title that was printed in capitals. */
const SMALL = new Set([
  'of',
  'the',
  'and',
  'on',
  'de',
  'du',
  'des',
  'le',
  'la',
  'et',
  'der',
  'die',
  'und',
  'del',
  'della',
])

/**
 * What people call an act: `AI Act`, or its number where it has no other name.
 * @param {Pick<Act, 'base' | 'title' | 'language'>} act
 */
export function shortNameOf({ base, title, language }) {
  const known = SHORT_NAMES[base]?.[language] ?? SHORT_NAMES[base]?.en
  // Many acts end with their short title in brackets, or have a note on the EEA after it.
  const afterDash = /\s—\s([\p{L}\d ’'-]{3,60})$/u.exec(title)?.[1]
  const inBrackets = /\(([\p{L}\d ’'-]{3,60})\)\s*(?:\([^()]*\)\s*)?$/u.exec(title.slice(120))?.[1]
  return known ?? afterDash ?? inBrackets ?? designation(title)
}

/**
 * `Regulation (EU) 2024/1689`, from a title that may be printed in capitals.
 * @param {string} title
 */
export function designation(title) {
  const named = designationOf(title)
  if (!named) return title.slice(0, 80)
  return title
    .slice(0, named.end)
    .replaceAll(/\p{Lu}{4,}(?!\p{L})|(?<=\s)\p{Lu}{2,3}(?=\s)/gu, (word) => {
      const small = word.toLowerCase()
      return SMALL.has(small) ? small : word[0] + small.slice(1)
    })
}

/**
 * Name of the document, which citations show. A slash would be taken for a folder.
 * @param {Act} act
 * @param {string} part of the act that the document holds; empty for the whole
 */
export function documentName(act, part) {
  const version = act.consolidatedAt
    ? `consolidated ${act.datedAt}`
    : `Official Journal ${act.datedAt}`
  return `${shortNameOf(act).replaceAll('/', '-')}${part}, ${version}`
}

/** @param {Act} act */
export function sourceOf({ base, consolidatedAt }) {
  return celexOf(base, consolidatedAt)
}

/**
 * Refuses what would not be an act: without articles there is nothing to cite.
 * @param {Act} act
 */
export function assertAct(act) {
  if (act.units.some(({ kind }) => kind === 'article')) return act
  throw new ImportError(
    'has no articles in a layout of EUR-Lex; download the act as HTML or as Formex XML from EUR-Lex',
  )
}

/** @param {Act} act */
export function countUnits({ units }) {
  const of = (kind) => units.filter((unit) => unit.kind === kind).length
  return { articles: of('article'), recitals: of('recital'), annexes: of('annex') }
}
