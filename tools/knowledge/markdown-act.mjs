import { assertAct } from './act.mjs'
import { actIdOfTitle } from './celex.mjs'
import { tidy } from './text.mjs'
import { actTypeOf, divisionRank, fold, isAnnexLabel, languageOfRecital } from './words.mjs'

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/
const ARTICLE =
  /^(?:article|artikel|articulo|articolo|artigo|articolul|artykul|clanek|clanok|clen|clanak|cikk|straipsnis|pants|artikla|αρθρο|член|artikolu|airteagal)\s+\d+/u
const NAMED = /^(.{1,40}?)\s+[—–-]\s+(.*)$/u

/**
 * Whether a text is an act in Markdown: its title names one, and it has articles below.
 * @param {string} text
 */
export function isMarkdownAct(text) {
  const title = /^#\s+(.*)$/m.exec(text)?.[1] ?? ''
  const hasArticle = text
    .split('\n')
    .some((line) => ARTICLE.test(fold(HEADING.exec(line)?.[2] ?? '')))
  return hasArticle && actTypeOf(title) !== undefined && actIdOfTitle(title) !== undefined
}

/**
 * An act as Markdown: `# Regulation (EU) 2016/679`, below it `## Article 1 — Title`, `## Recital 1`,
 * `## Annex I — Title`, chapters and sections. It names neither version nor date.
 * @param {string} text
 * @returns {Partial<import('./act.mjs').Act>}
 */
export function readMarkdownAct(text) {
  const units = []
  let title = ''
  let path = []
  for (const line of text.split(/\r?\n/)) {
    const [, marks, name] = HEADING.exec(line) ?? []
    if (marks === undefined) addLine(units.at(-1), line)
    else if (marks === '#' && title === '') title = tidy(name)
    else if (kindOf(name)) units.push(toUnit(kindOf(name), name, path))
    else path = [...path.filter((each) => divisionRank(each) < divisionRank(name)), tidy(name)]
  }
  return assertAct({
    title,
    units,
    base: actIdOfTitle(title)?.base,
    language: units.map(({ label }) => languageOfRecital(label)).find(Boolean),
  })
}

function kindOf(name) {
  if (ARTICLE.test(fold(name))) return 'article'
  if (isAnnexLabel(name)) return 'annex'
  return /^\D+ \d+$/u.test(name) && divisionRank(name) === 2 && !/kapit|chap/i.test(fold(name))
    ? 'recital'
    : undefined
}

function toUnit(kind, name, path) {
  const [, label, title] = NAMED.exec(name) ?? [undefined, name, '']
  return {
    kind,
    label: tidy(label),
    title: tidy(title),
    path: kind === 'article' ? path : [],
    lines: [],
  }
}

function addLine(unit, line) {
  const text = tidy(line)
  const indent = Math.floor((/^ */.exec(line)?.[0].length ?? 0) / 2)
  if (unit && text !== '') unit.lines.push({ text, indent, isHeading: false })
}
