import { LineWriter, rowLines } from './line-writer.mjs'
import { raise } from './text.mjs'
import { elementsOf, isElement, textOf } from './tree.mjs'

const SILENT = new Set(['script', 'style', 'head', 'title', 'col', 'img'])
const BLOCKS = new Set(
  'p div table tbody thead tr td th ul ol li dl dt dd hr blockquote h1 h2 h3 h4'.split(' '),
)
/** What is deleted is shown as a line of dashes. */
const DELETED = '—————'

/** @param {import('./tree.mjs').Element} element */
export function classesOf({ attribs }) {
  const names = (attribs.class ?? '').split(/\s+/)
  return names.map((name) => name.replace(/^(?:oj|clg)-/, ''))
}

/**
 * What a part of a page says, line by line, and the footnotes that it calls.
 * @param {import('./tree.mjs').Node[]} nodes
 * @returns {{ lines: import('./act.mjs').Line[], calls: string[] }}
 */
export function linesOf(nodes) {
  const out = new LineWriter()
  for (const node of nodes) write(node, out)
  return { lines: out.end(), calls: out.calls }
}

function write(node, out) {
  if (node.type === 'text') return out.text(node.data)
  if (!isElement(node) || SILENT.has(node.name)) return undefined
  if (node.name === 'br') return out.text(' ')
  const classes = classesOf(node)
  if (classes.includes('modref') || classes.includes('arrow')) return writeMark(node, out)
  if (classes.includes('no-parag')) return out.hold(textOf(node))
  if (isCall(node)) return writeCall(node, out)
  if (node.name === 'tr' || classes.includes('grid-container')) return writeRow(node, out)
  return writeChildren(node, classes, out)
}

function writeChildren(node, classes, out) {
  const isBlock = BLOCKS.has(node.name)
  if (isBlock) out.break()
  for (const child of node.children) write(child, out)
  if (isBlock) out.break({ isHeading: isGroupTitle(classes) })
}

/** `Section A`, `Part 2`: a heading within an annex. */
function isGroupTitle(classes) {
  return classes.some((name) => /^(?:ti-grseq|title-gr-seq)/.test(name))
}

function writeMark(node, out) {
  out.break()
  if (textOf(node).includes(DELETED)) out.text(DELETED)
  out.break()
}

function isCall({ name, attribs }) {
  return name === 'a' && /^#(?!ntc)/.test(attribs.href ?? '')
}

function writeCall(node, out) {
  const number = textOf(node).replaceAll(/[\s()]/g, '')
  out.calls.push(node.attribs.href.slice(1))
  out.text(` ${raise(number)}`)
}

function writeRow(node, out) {
  const cells = elementsOf(node).map((cell) => {
    const { lines, calls } = linesOf(cell.children)
    out.calls.push(...calls)
    return lines
  })
  out.append(rowLines(cells))
}
