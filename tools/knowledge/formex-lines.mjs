import { LineWriter, rowLines } from './line-writer.mjs'
import { raise, tidy } from './text.mjs'
import { elementsOf, findAll, isElement, textOf } from './tree.mjs'

/** Elements that begin and end a line. */
const BLOCKS = new Set(
  'P TI STI TI.ART STI.ART ALINEA PARAG NP TXT ITEM LIST ARTICLE DIVISION TITLE QUOT.S TBL CORPUS BLK CONTENTS GR.SEQ DLIST DLIST.ITEM TERM DEFINITION'.split(
    ' ',
  ),
)
const SILENT = new Set(['BIB.INSTANCE', 'INCL.ELEMENT', 'PAGE', 'TOC'])

/** Numbers footnotes in the order of their calls, as the Official Journal prints them. */
export class Notes {
  /** @type {Map<string, string>} */
  #numbers = new Map()

  /** @param {{ children: import('./tree.mjs').Node[] }} root all of the text, preamble included */
  constructor(root) {
    for (const note of findAll(root, ({ name }) => name === 'NOTE')) this.numberOf(note)
  }

  /** @param {import('./tree.mjs').Element} note */
  numberOf({ attribs }) {
    const id = attribs['NOTE.ID'] ?? attribs['NOTE.REF'] ?? ''
    const number = this.#numbers.get(id) ?? String(this.#numbers.size + 1)
    this.#numbers.set(id, number)
    return number
  }
}

/**
 * What a part of an act says, line by line; its footnotes come after it.
 * @param {import('./tree.mjs').Node[]} nodes
 * @param {Notes} notes
 * @returns {import('./act.mjs').Line[]}
 */
export function formexLines(nodes, notes) {
  const reader = new FormexReader(notes)
  const lines = reader.read(nodes)
  return [...lines, ...reader.footnotes]
}

class FormexReader {
  /** @type {import('./act.mjs').Line[]} */
  footnotes = []
  #notes

  constructor(notes) {
    this.#notes = notes
  }

  read(nodes) {
    const out = new LineWriter()
    for (const node of nodes) this.#write(node, out)
    return out.end()
  }

  #write(node, out) {
    if (node.type === 'text') return out.text(node.data)
    if (!isElement(node) || SILENT.has(node.name)) return undefined
    const own = this.#writers[node.name]
    if (own) return own(node, out)
    return this.#writeChildren(node, out, {})
  }

  #writers = {
    'QUOT.START': ({ attribs }, out) => out.text(quote(attribs.CODE, '‘')),
    'QUOT.END': ({ attribs }, out) => out.text(quote(attribs.CODE, '’')),
    NOTE: (node, out) => this.#writeNote(node, out),
    'GR.NOTES': (node) => elementsOf(node).forEach((note) => this.#keepNote(note)),
    'NO.PARAG': (node, out) => out.hold(textOf(node)),
    NP: (node, out) => this.#writePoint(node, out),
    LIST: (node, out) => out.append(this.read(node.children).map(indented)),
    ROW: (node, out) =>
      out.append(rowLines(elementsOf(node).map((cell) => this.read(cell.children)))),
    'GR.SEQ': (node, out) => this.#writeGroup(node, out),
  }

  #writeChildren(node, out, { isHeading = false }) {
    const isBlock = BLOCKS.has(node.name)
    if (isBlock) out.break()
    for (const child of node.children) this.#write(child, out)
    if (isBlock) out.break({ isHeading })
  }

  /** Its label is its first child; a list around it has indented it, or nothing has. */
  #writePoint(node, out) {
    const label = elementsOf(node).find(({ name }) => name === 'NO.P')
    const lines = this.read(node.children.filter((child) => child !== label))
    const [first, ...more] = lines
    if (!first) return
    out.append([{ ...first, text: tidy(`${label ? textOf(label) : ''} ${first.text}`) }, ...more])
  }

  #writeGroup(node, out) {
    out.break()
    for (const child of elementsOf(node)) {
      if (child.name === 'TITLE') {
        const text = titleText(child)
        out.append(text === '' ? [] : [{ text, indent: 0, isHeading: true }])
      } else this.#write(child, out)
    }
  }

  #writeNote(node, out) {
    out.text(` ${raise(this.#notes.numberOf(node))}`)
    if (node.children.length > 0) this.#keepNote(node)
  }

  #keepNote(node) {
    const text = this.read(node.children).map((line) => line.text)
    const number = raise(this.#notes.numberOf(node))
    this.footnotes.push({ text: tidy(`${number} ${text.join(' ')}`), indent: 0, isHeading: false })
  }
}

/**
 * A title without its footnotes: its lines, joined.
 * @param {import('./tree.mjs').Element} title
 */
export function titleText(title) {
  const blocks = findAll(title, ({ name }) => name === 'P')
  const parts = blocks.length > 0 ? blocks : [title]
  return tidy(parts.map((part) => textOf({ children: part.children.filter(isNoNote) })).join(' '))
}

function isNoNote(node) {
  return !isElement(node) || node.name !== 'NOTE'
}

function indented(line) {
  return line.isHeading ? line : { ...line, indent: line.indent + 1 }
}

function quote(code, otherwise) {
  const point = Number.parseInt(code ?? '', 16)
  return point > 0x1f && point < 0x3000 ? String.fromCodePoint(point) : otherwise
}
