import { foldText } from '../fold.js'

/** A line that names what follows. Level 1 to 6 as in Markdown; parts of legal acts lie below those. */
export interface Heading {
  readonly level: number
  readonly title: string
  /** A bare `Article 73`: its name may stand on the next line. */
  readonly isBare: boolean
}

/** What the lines around decide: text that merely mentions an article is no heading. */
export interface Neighbours {
  /** Trimmed text of the line before; empty at the beginning. */
  readonly before: string
  /** Trimmed text of the line after; empty at the end. */
  readonly after: string
}

const ATX = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/
const SETEXT = /^ {0,3}(=+|-{3,})[ \t]*$/

/** `## Scope` or a line underlined with `===` or `---` (CommonMark 4.2 and 4.3). */
export function markdownHeading(line: string, after: string): Heading | undefined {
  const atx = ATX.exec(line)
  if (atx?.[1] && atx[2]) return { level: atx[1].length, title: atx[2], isBare: false }
  const title = line.trim()
  const underline = SETEXT.exec(after)?.[1]
  if (!underline || !title || title.length > MAX_TITLE || /^[-*+>|#]/.test(title)) return undefined
  return { level: underline.startsWith('=') ? 1 : 2, title, isBare: false }
}

export function isUnderline(line: string): boolean {
  return SETEXT.test(line)
}

/** Names of the parts of legal acts and contracts, folded, outermost first. */
const PARTS: readonly (readonly [level: number, names: string])[] = [
  [7, 'part|teil|partie|parte|deel|title|titel|titre|titulo|titolo|titlu|τιτλοσ|glava|tytul'],
  [7, 'annex|anhang|annexe|anexo|allegato|anexa|bijlage|παραρτημα|prilog|zalacznik'],
  [8, 'chapter|kapitel|chapitre|capitulo|capitolo|capitolul|hoofdstuk|κεφαλαιο|poglavlje|rozdzial'],
  [9, 'section|abschnitt|seccion|sezione|sectiunea|afdeling|τμημα|odjeljak|sekcja'],
  [10, 'article|artikel|articulo|articolo|articolul|αρθρο|clanak|artykul|clause|klausel|§'],
  [10, 'recital|erwagungsgrund|considerant|considerando|considerentul|overweging'],
]
const NUMBER = String.raw`\(?(?:\d+[a-z]?|[ivxlcdm]+)\)?`
const LEGAL = PARTS.map(([level, names]) => ({
  level,
  pattern: new RegExp(`^(?:${names})\\s*${NUMBER}(?![\\p{L}\\p{N}])(.*)$`, 'u'),
}))
const MAX_TITLE = 160

/** `Article 73`, `Artikel 5 – Verbotene Praktiken`, `§ 3 Begriffe`, `ANNEX IV`, `Recital (12)`. */
export function legalHeading(line: string, neighbours: Neighbours): Heading | undefined {
  const title = line.trim().replace(/^\*\*(.*)\*\*$/, '$1')
  if (title.length > MAX_TITLE || /[.;,:]$/.test(title)) return undefined
  const part = legalPart(title)
  if (!part) return undefined
  const { level, rest } = part
  const { before, after } = neighbours
  if (rest !== '') {
    return before === '' && isTitle(rest) ? { level, title, isBare: false } : undefined
  }
  // A number alone on its line is a heading even right below a paragraph.
  if (before !== '' && !/[.;:!?)\]]$/.test(before)) return undefined
  return { level, title: isName(after) ? `${title} ${after}` : title, isBare: true }
}

function legalPart(title: string): { level: number; rest: string } | undefined {
  const folded = foldText(title)
  for (const { level, pattern } of LEGAL) {
    const rest = pattern.exec(folded)?.[1]?.trim()
    // Folding may change lengths before the rest, hardly ever within it.
    if (rest !== undefined) return { level, rest: rest === '' ? '' : title.slice(-rest.length) }
  }
  return undefined
}

/** What may follow the number: a dash, a colon or a name, but not the middle of a sentence. */
function isTitle(rest: string): boolean {
  return /^[\p{Pd}:.|(\p{Lu}]/u.test(rest)
}

/** A short line that names an article, as the Official Journal prints it below the number. */
function isName(line: string): boolean {
  return (
    line.length > 0 && line.length <= MAX_TITLE && /^\p{Lu}/u.test(line) && !/[.;,:]$/.test(line)
  )
}
