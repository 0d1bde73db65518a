import { designation, shortNameOf, sourceOf } from './act.mjs'
import { escapeMarkup } from './text.mjs'

const DEEPEST = 6
/** A heading such as `Section 2`, whose name is the heading after it. */
const NUMBER_ALONE = /^#+ \p{L}+ (?:\d{1,2}|[IVX]{1,5}|[A-H])$/u

/**
 * An act as the Markdown that is imported. Its headings are what passages are cut at and cited by;
 * its first line names the source, as Decision 2011/833/EU, Article 6, asks of whoever reuses a text.
 * @param {import('./act.mjs').Act} act
 */
export function toMarkdown(act) {
  const name = designation(act.title)
  const short = shortNameOf(act)
  const blocks = [sourceLine(act), `# ${name}${short === name ? '' : ` (${short})`}`, act.title]
  let path = []
  for (const unit of act.units) {
    const shared = sharedLength(path, unit.path)
    blocks.push(...unit.path.slice(shared).map((title, at) => heading(2 + shared + at, title)))
    path = unit.path
    const level = 2 + path.length
    blocks.push(heading(level, unit.title ? `${unit.label} — ${unit.title}` : unit.label))
    blocks.push(...bodyOf(unit.lines, level + 1))
  }
  return `${blocks.join('\n\n')}\n`
}

function sourceLine(act) {
  const version = act.consolidatedAt
    ? `consolidated version of ${act.datedAt}`
    : `Official Journal version of ${act.datedAt}`
  return `Source: EUR-Lex, CELEX ${sourceOf(act)}, ${version}. © European Union, https://eur-lex.europa.eu. Only the Official Journal of the European Union is authentic.`
}

/** Paragraphs of a unit; the points of a list stay with the line that begins it. */
function bodyOf(lines, headingLevel) {
  const blocks = []
  for (const { text, indent, isHeading } of lines) {
    const isPoint = indent > 0 && blocks.length > 0 && !blocks.at(-1).startsWith('#')
    const above = isHeading ? NUMBER_ALONE.exec(blocks.at(-1) ?? '') : null
    if (above) blocks.push(`${blocks.pop()} — ${text}`)
    else if (isHeading) blocks.push(heading(headingLevel, text))
    else if (isPoint) blocks.push(`${blocks.pop()}\n${'  '.repeat(indent)}${escapeMarkup(text)}`)
    else blocks.push(escapeMarkup(text))
  }
  return blocks
}

function heading(level, title) {
  return `${'#'.repeat(Math.min(level, DEEPEST))} ${title}`
}

function sharedLength(before, now) {
  let length = 0
  while (length < now.length && before[length] === now[length]) length += 1
  return length
}
