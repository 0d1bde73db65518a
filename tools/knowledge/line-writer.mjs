import { tidy } from './text.mjs'

/**
 * Puts lines together from pieces of text. A label that was held (`1.`) begins the next line that has
 * text, whatever block that text is in.
 */
export class LineWriter {
  /** @type {import('./act.mjs').Line[]} */
  lines = []
  /** Ids of the footnotes that the text calls. @type {string[]} */
  calls = []
  #open = ''
  #isHeld = false

  /** @param {string} text */
  text(text) {
    if (text.trim() !== '') this.#isHeld = false
    this.#open += text
  }

  /** @param {string} label */
  hold(label) {
    this.break()
    this.#open = `${label} `
    this.#isHeld = true
  }

  /** Ends the line. @param {{ isHeading?: boolean }} [options] */
  break({ isHeading = false } = {}) {
    if (this.#isHeld) return
    const text = tidy(this.#open)
    this.#open = ''
    if (text !== '') this.lines.push({ text, indent: 0, isHeading })
  }

  /** @param {readonly import('./act.mjs').Line[]} lines */
  append(lines) {
    this.#isHeld = false
    this.break()
    for (const line of lines) this.lines.push(line)
  }

  /** What was written, the last line included. */
  end() {
    this.#isHeld = false
    this.break()
    return this.lines
  }
}

/** `(a)`, `1.`, `‘(3)`, `–`: what the first column of a list holds. */
const LABEL = /^[‘“„"«]?(?:\(?[\p{L}\d]{1,6}\)|[\p{L}\d]{1,6}\.|[-–—•·])$/u

/**
 * A row: a point of a list when its first cell is a label, otherwise a row of a table on one line.
 * @param {readonly (readonly import('./act.mjs').Line[])[]} cells
 * @returns {import('./act.mjs').Line[]}
 */
export function rowLines(cells) {
  const [first, ...rest] = cells.filter((lines) => lines.length > 0)
  if (!first) return []
  if (rest.length === 0) return [...first]
  const label = first.length === 1 ? (first[0]?.text ?? '') : ''
  if (LABEL.test(label)) return pointLines(label, rest.flat())
  const text = [first, ...rest].map((lines) => lines.map((line) => line.text).join(' ')).join(' | ')
  return [{ text, indent: 0, isHeading: false }]
}

/**
 * A point of a list: its label begins the first line.
 * @param {string} label
 * @param {readonly import('./act.mjs').Line[]} lines
 * @returns {import('./act.mjs').Line[]}
 */
function pointLines(label, lines) {
  const [first, ...more] = lines
  if (!first) return []
  return [{ ...first, text: `${label} ${first.text}` }, ...more].map(indented)
}

function indented(line) {
  return line.isHeading ? line : { ...line, indent: line.indent + 1 }
}
