import { assertAct } from './act.mjs'
import { actIdOfTitle, findActId } from './celex.mjs'
import { findDate } from './dates.mjs'
import { blocksOf } from './html-blocks.mjs'
import { classesOf } from './html-lines.mjs'
import { ImportError } from './import-error.mjs'
import { raise, tidy } from './text.mjs'
import { findAll, parseTree, textOf } from './tree.mjs'
import { divisionRank, isAnnexLabel, recitalLabel } from './words.mjs'

/**
 * An act as EUR-Lex shows it: the consolidated text, or the Official Journal in its present layout and
 * the one before. Throws ImportError.
 * @param {string} html
 * @returns {Partial<import('./act.mjs').Act>}
 */
export function readHtmlAct(html) {
  const root = parseTree(html, { isXml: false })
  const head = readHead(root)
  const reader = new PageReader(head.language ?? 'en')
  for (const block of blocksOf(root)) reader.take(block)
  const { title, units } = reader.end()
  if (title === '') {
    throw new ImportError(
      'is no page of an act in EUR-Lex; choose the HTML of the whole text there and save that',
    )
  }
  const id = findActId(head.address) ?? findActId(head.reference) ?? actIdOfTitle(title)
  const consolidatedAt = head.consolidatedAt ?? id?.consolidatedAt
  return assertAct({
    title,
    units,
    base: id?.base,
    consolidatedAt,
    datedAt: consolidatedAt ?? head.publishedAt,
    language: head.language,
  })
}

/** What a page says about itself: `02024R1689 — EN — 27.07.2026 — 001.001`, or `EN` and `12.7.2024`. */
function readHead(root) {
  const first = (className) => {
    const [found] = findAll(root, (each) => classesOf(each).includes(className))
    return found && tidy(textOf(found))
  }
  const [canonical] = findAll(root, ({ attribs }) => attribs.rel === 'canonical')
  const reference = first('reference')
  const language = /(?:—|-|^)\s*(\p{Lu}{2})\s*(?:—|-|$)/u.exec(
    reference ?? first('hd-lg') ?? '',
  )?.[1]
  return {
    reference,
    address: canonical?.attribs.href,
    language: language?.toLowerCase(),
    consolidatedAt: findDate(reference),
    publishedAt: findDate(first('hd-date')),
  }
}

/** Reads the blocks of a page in turn, and knows which unit each belongs to. */
class PageReader {
  #language
  #title = []
  /** @type {import('./act.mjs').Unit[]} */
  #units = []
  #unit
  #path = []
  #hasDivision = false
  #notes = new Map()

  constructor(language) {
    this.#language = language
  }

  /** @param {import('./html-blocks.mjs').Block} block */
  take(block) {
    const takers = {
      title: () => this.#takeTitle(block),
      division: () => this.#openDivision(block.text),
      'division-title': () => this.#nameDivision(block.text),
      article: () =>
        this.#open(
          'article',
          block.text,
          this.#path.map(({ title }) => title),
        ),
      'article-title': () => this.#nameUnit(block),
      annex: () => this.#takeTitle(block),
      'annex-title': () => this.#nameUnit(block),
      recital: () => this.#openRecital(block, /\d+/.exec(block.id)?.[0] ?? ''),
      note: () => this.#takeNote(block),
      end: () => this.#close(),
      text: () => this.#takeText(block),
    }
    takers[block.kind]()
  }

  end() {
    for (const { lines, calls } of this.#units) lines.push(...this.#noteLines(calls))
    const units = this.#units.map(({ kind, label, title, path, lines }) => {
      return { kind, label, title, path, lines }
    })
    return { title: tidy(this.#title.join(' ')), units }
  }

  #noteLines(calls) {
    const known = [...new Set(calls)].filter((id) => this.#notes.has(id))
    return known.map((id) => ({ text: this.#notes.get(id), indent: 0, isHeading: false }))
  }

  /** The page's own title first; later ones, in the Official Journal, are those of annexes. */
  #takeTitle(block) {
    const isAnnex = this.#unit?.kind === 'annex'
    if (isAnnexLabel(block.text)) this.#open('annex', block.text, [])
    else if (isAnnex && this.#unit.title === '' && this.#unit.lines.length === 0)
      this.#nameUnit(block)
    else if (this.#units.length === 0) this.#title.push(block.text)
    else this.#takeText(block)
  }

  /** Footnotes stand below the text, and below them is what belongs to the page. */
  #takeNote({ id, text }) {
    this.#close()
    const [marker = '', number = ''] = /^\(?\s*([\d*]+)\s*\)?\s*/.exec(text) ?? []
    this.#notes.set(id, `${raise(number)} ${text.slice(marker.length)}`.trim())
  }

  #openDivision(label) {
    if (this.#unit?.kind === 'annex') return this.#unit.lines.push(headingLine(label))
    this.#close()
    this.#hasDivision = true
    const rank = divisionRank(label)
    this.#path = [...this.#path.filter((each) => each.rank < rank), { rank, title: label }]
    return undefined
  }

  #nameDivision(text) {
    const last = this.#path.at(-1)
    if (this.#unit?.kind === 'annex') this.#unit.lines.push(headingLine(text))
    else if (last) last.title = `${last.title} — ${text}`
  }

  #openRecital({ lines, calls }, number) {
    const [first, ...rest] = lines
    const text = first?.text.replace(/^\(\d+[a-z]?\)\s*/, '') ?? ''
    this.#open('recital', recitalLabel(this.#language, number), [])
    this.#unit.lines.push({ text, indent: 0, isHeading: false }, ...rest)
    this.#unit.calls.push(...calls)
  }

  /** Older pages have nothing that says what is a recital, but number them one after another. */
  #takeText(block) {
    const { lines, calls } = block
    const number = /^\((\d+)\)\s/.exec(lines[0]?.text ?? '')?.[1]
    const isPreamble = !this.#hasDivision && this.#units.every(({ kind }) => kind === 'recital')
    if (isPreamble && Number(number) === this.#units.length + 1)
      return this.#openRecital(block, number)
    // HAVE ADOPTED THIS REGULATION:
    if (isPreamble && /^[\p{Lu}\s]+[:\p{Po}]*$/u.test(block.text)) return this.#close()
    this.#unit?.lines.push(...lines)
    this.#unit?.calls.push(...calls)
    return undefined
  }

  #open(kind, label, path) {
    this.#close()
    this.#unit = { kind, label, title: '', path, lines: [], calls: [] }
    this.#units.push(this.#unit)
  }

  #nameUnit({ text, calls }) {
    if (!this.#unit) return
    this.#unit.title = [this.#unit.title, text].filter(Boolean).join(' ')
    this.#unit.calls.push(...calls)
  }

  #close() {
    this.#unit = undefined
  }
}

function headingLine(text) {
  return { text, indent: 0, isHeading: true }
}
