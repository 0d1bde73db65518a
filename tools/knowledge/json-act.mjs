import { assertAct } from './act.mjs'
import { findActId } from './celex.mjs'
import { findDate } from './dates.mjs'
import { ImportError } from './import-error.mjs'
import { tidy } from './text.mjs'
import { languageOfRecital } from './words.mjs'

const KINDS = new Set(['article', 'recital', 'annex'])
/** Repeats what an article says. */
const REPEATED = new Set(['definition'])

/**
 * An act as JSON: `{"meta": {"title", "celex", "version"?, "inForce"?, "source"?, "sourceUrl"?}, "units":
 * [{"kind", "label", "title", "text", "chapter"?, "chapter_title"?, "section"?}]}`. Throws ImportError.
 * @param {string} text
 * @returns {Partial<import('./act.mjs').Act>}
 */
export function readJsonAct(text) {
  const { meta, units } = parse(text)
  const problem = problemOf(meta, units)
  if (problem) {
    throw new ImportError(`is no act as JSON: ${problem}; docs/knowledge.md has the format`)
  }
  const isConsolidated = meta.version === 'consolidated'
  const id = findActId(meta.celex)
  const date =
    findDate(meta.sourceUrl) ??
    findDate(meta.inForce) ??
    findDate(meta.title) ??
    findDate(meta.source)
  const consolidatedAt = id?.consolidatedAt ?? (isConsolidated ? date : undefined)
  if (isConsolidated && !consolidatedAt) {
    throw new ImportError('is a consolidated act without a date; give --dated-at YYYY-MM-DD', {})
  }
  return assertAct({
    title: tidy(meta.title),
    units: units.filter(({ kind }) => KINDS.has(kind)).map(toUnit),
    base: id?.base,
    consolidatedAt,
    datedAt: consolidatedAt ?? date,
    language: units.map(({ label }) => languageOfRecital(label)).find(Boolean),
  })
}

function parse(text) {
  try {
    const parsed = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch (cause) {
    throw new ImportError('is broken JSON; copy or download the file again', { cause })
  }
}

function problemOf(meta, units) {
  if (typeof meta?.title !== 'string' || typeof meta.celex !== 'string') {
    return 'it has no "meta" with "title" and "celex"'
  }
  if (!Array.isArray(units) || units.length === 0) return 'it has no list "units"'
  const at = units.findIndex((unit) => !isUnit(unit))
  return at < 0 ? undefined : `units[${at}] has no known "kind" with "label" and "text"`
}

function isUnit(unit) {
  const isKnown = KINDS.has(unit?.kind) || REPEATED.has(unit?.kind)
  return isKnown && typeof unit.label === 'string' && typeof unit.text === 'string'
}

function toUnit({ kind, label, title, text, chapter, chapter_title: chapterTitle, section }) {
  const named = chapterTitle ? `${chapter} — ${chapterTitle}` : chapter
  return {
    kind,
    label: tidy(label),
    title: tidy(title ?? ''),
    path: [named, section].filter((each) => typeof each === 'string').map(tidy),
    lines: text.split('\n').flatMap(toLine),
  }
}

/** Two spaces at the beginning of a line are a level of lists. */
function toLine(line) {
  const indent = Math.floor((/^ */.exec(line)?.[0].length ?? 0) / 2)
  const text = tidy(line)
  return text === '' ? [] : [{ text, indent, isHeading: false }]
}
