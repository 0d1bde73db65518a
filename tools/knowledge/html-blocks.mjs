import { classesOf, linesOf } from './html-lines.mjs'
import { isElement, textOf } from './tree.mjs'
import { tidy } from './text.mjs'

/**
 * A piece of a page in the order of reading.
 * @typedef {object} Block
 * @property {'title' | 'division' | 'division-title' | 'article' | 'article-title' | 'annex' | 'annex-title' | 'recital' | 'note' | 'end' | 'text'} kind
 * @property {string} text on one line
 * @property {string} id of the element, for notes and recitals
 * @property {import('./act.mjs').Line[]} lines
 * @property {string[]} calls ids of footnotes
 */

/** The classes of three layouts: consolidated texts, the Official Journal since 2023 (oj-) and before. */
const KINDS = [
  [/^(?:doc-ti|title-doc-(?:first|last))$/, 'title'],
  [/^(?:ti-section-1|title-division-1)$/, 'division'],
  [/^(?:ti-section-2|title-division-2)$/, 'division-title'],
  [/^(?:ti-art|title-article(?:-norm)?)$/, 'article'],
  [/^(?:sti-art|stitle-article(?:-norm)?)$/, 'article-title'],
  [/^(?:ti-annex|title-annex-1)$/, 'annex'],
  [/^(?:sti-annex|title-annex-2)$/, 'annex-title'],
  [/^(?:note|footnote)$/, 'note'],
  [/^(?:final|signatory|doc-end)$/, 'end'],
]
/** Their text is a whole, whatever is in them: what looks like an article in there is quoted. */
const WHOLE = new Set(['table', 'ul', 'ol', 'dl', 'blockquote'])
/** What is about the page. */
const SKIPPED = /^(?:hd-|reference$|disclaimer$|toc-|title-fam-member)/

/**
 * @param {{ children: import('./tree.mjs').Node[] }} parent
 * @returns {Generator<Block>}
 */
export function* blocksOf(parent) {
  let loose = []
  for (const node of parent.children) {
    if (isElement(node) && isBlock(node)) {
      yield* textBlock(loose)
      loose = []
      yield* blockOf(node)
    } else loose.push(node)
  }
  yield* textBlock(loose)
}

function isBlock({ name }) {
  return !/^(?:span|a|b|i|em|strong|sup|sub|u|font)$/.test(name)
}

function* blockOf(node) {
  if (/^(?:head|script|style|nav|header|footer|aside|form|link|meta|title)$/.test(node.name)) return
  const classes = classesOf(node)
  if (classes.some((name) => SKIPPED.test(name))) return
  const kind = KINDS.find(([pattern]) => classes.some((name) => pattern.test(name)))?.[1]
  if (kind === 'end') yield toBlock('end', [], '')
  else if (kind) yield toBlock(kind, [node], idOf(node))
  else if (/^rct_/.test(node.attribs.id ?? '')) yield toBlock('recital', [node], node.attribs.id)
  else if (isWhole(node, classes)) yield* textBlock([node])
  else yield* blocksOf(node)
}

function isWhole({ name }, classes) {
  const isParagraph = name === 'p' || classes.includes('norm') || classes.includes('grid-container')
  return isParagraph || WHOLE.has(name)
}

function* textBlock(nodes) {
  const block = toBlock('text', nodes, '')
  if (block.lines.length > 0) yield block
}

function toBlock(kind, nodes, id) {
  const text = tidy(textOf({ children: nodes }))
  return { kind, text, id, ...linesOf(nodes) }
}

/** Footnotes are called by the id of the link that they begin with. */
function idOf(node) {
  const link = node.children.find((each) => isElement(each) && each.attribs.id !== undefined)
  return link?.attribs.id ?? node.attribs.id ?? ''
}
