import { type Section, sectionsOf } from './section.js'
import { isLowSurrogate, type Span } from './span.js'
import { TextSizes, type TokenCounter } from './text-sizes.js'
import { tokens } from './token-estimate.js'
import { type Unit, unitsOf } from './unit.js'

/** A passage of a document. Offsets are Unicode code points of the document's text. */
export interface Chunk {
  /** From 0, without gaps. */
  readonly ordinal: number
  readonly start: number
  readonly end: number
  readonly text: string
  /** Headings above the passage, outermost first. */
  readonly headingPath: readonly string[]
}

/** A section is cut into equal chunks near the target; none is larger than the maximum. */
const TARGET_SIZE = tokens(260)
export const MAX_CHUNK_SIZE = tokens(350)
/** A sentence up to this size is repeated where a paragraph had to be split. */
const MAX_OVERLAP_SIZE = tokens(50)

/**
 * Cuts a text into passages: at headings, then paragraphs, then sentences. Everything but white space
 * is in some passage; passages of one section are of similar size, in tokens as `count` counts them or
 * estimated without it. The same text gives the same passages.
 */
export function* chunkText(
  text: string,
  isMarkdown: boolean,
  count?: TokenCounter,
): Generator<Chunk> {
  const offsets = new CodePointCounter(text)
  const sizes = new TextSizes(text, count)
  let ordinal = 0
  for (const section of sectionsOf(text, isMarkdown)) {
    for (const { start, end } of packSection(text, sizes, section)) {
      yield {
        ordinal: ordinal++,
        start: offsets.at(start),
        end: offsets.at(end),
        text: text.slice(start, end),
        headingPath: section.path,
      }
    }
  }
}

function* packSection(text: string, sizes: TextSizes, section: Section): Generator<Span> {
  const total = sizes.between(section.start, section.end)
  const goal = total / Math.ceil(total / TARGET_SIZE)
  let open: Unit[] = []
  let openSize = 0
  for (const unit of unitsOf(text, sizes, section, MAX_CHUNK_SIZE)) {
    const last = open.at(-1)
    const grown = last ? openSize + sizes.between(last.end, unit.end) : unit.size
    if (last && isFull(openSize, grown, goal)) {
      yield spanOf(open)
      open = overlap(sizes, open, unit)
      openSize = sizes.between((open[0] ?? unit).start, unit.end)
    } else {
      openSize = grown
    }
    open.push(unit)
  }
  if (open.length > 0) yield spanOf(open)
}

/** Whether to close before a unit: it does not fit, or the goal is missed by less without it. */
function isFull(size: number, grown: number, goal: number): boolean {
  return grown > MAX_CHUNK_SIZE || grown - goal > goal - size
}

/** The end of a split paragraph begins the next chunk too, so that no sentence loses its context. */
function overlap(sizes: TextSizes, closed: readonly Unit[], next: Unit): Unit[] {
  const last = closed.at(-1)
  if (!last || closed.length < 2 || last.paragraph !== next.paragraph) return []
  const fits = sizes.between(last.start, next.end) <= MAX_CHUNK_SIZE
  return fits && last.size <= MAX_OVERLAP_SIZE ? [last] : []
}

function spanOf(units: readonly Unit[]): Span {
  return { start: units[0]?.start ?? 0, end: units.at(-1)?.end ?? 0 }
}

/** Turns ascending UTF-16 offsets into code points without counting from the beginning each time. */
class CodePointCounter {
  readonly #text: string
  #unit = 0
  #point = 0

  constructor(text: string) {
    this.#text = text
  }

  at(unit: number): number {
    while (this.#unit < unit) {
      this.#unit += (this.#text.codePointAt(this.#unit) ?? 0) > 0xffff ? 2 : 1
      this.#point++
    }
    // An overlap begins a little before the end of the chunk before it.
    while (this.#unit > unit) {
      this.#unit -= isLowSurrogate(this.#text.charCodeAt(this.#unit - 1)) ? 2 : 1
      this.#point--
    }
    return this.#point
  }
}
