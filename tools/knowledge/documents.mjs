import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { countUnits, documentName, sourceOf } from './act.mjs'
import { toMarkdown } from './act-markdown.mjs'
import { findActId } from './celex.mjs'
import { ImportError } from './import-error.mjs'

/** Sources that begin so belong to the guide that ships: what is no longer in it is removed. */
export const GUIDE_SOURCE = 'lexcustis:guide/'

/**
 * What is sent to the shared knowledge base. Of two with the same `work` and language the later one
 * replaces the earlier.
 * @typedef {object} PreparedDocument
 * @property {string} file where it was read, for people
 * @property {string} name shown by citations
 * @property {Buffer} bytes Markdown
 * @property {string} sha256 of the bytes, in hex
 * @property {string} source CELEX number, or another origin
 * @property {string} work what it is a version of
 * @property {string} datedAt `YYYY-MM-DD`
 * @property {string} language ISO 639-1
 * @property {{ articles: number, recitals: number, annexes: number } | undefined} units of an act
 */

/**
 * What a command may say of a file that the file does not say itself, or says wrongly.
 * @typedef {{ id?: import('./celex.mjs').ActId, source?: string, datedAt?: string, language?: string }} Stated
 */

/** Ends the source of a document that holds the recitals of an act and nothing else. */
const RECITALS = '#recitals'

/**
 * An act as documents: its articles and annexes, and its recitals by themselves. EUR-Lex leaves the
 * recitals out of consolidated texts, so a consolidation replaces the articles only. Throws
 * ImportError, which says what to state.
 * @param {string} file
 * @param {Partial<import('./act.mjs').Act>} read
 * @param {Stated} stated
 * @returns {PreparedDocument[]}
 */
export function actDocuments(file, read, stated) {
  const act = complete(file, read, stated)
  const recitals = act.units.filter(({ kind }) => kind === 'recital')
  const terms = act.units.filter(({ kind }) => kind !== 'recital')
  const documents = [actDocument(file, { ...act, units: terms }, '')]
  if (recitals.length === 0) return documents
  return [...documents, actDocument(file, { ...act, units: recitals }, RECITALS)]
}

function actDocument(file, act, part) {
  const { base, datedAt, language } = act
  const units = countUnits(act)
  const source = `${sourceOf(act)}${part}`
  const name = documentName(act, part === RECITALS ? ' recitals' : '')
  return {
    ...withBytes(file, name, toMarkdown(act)),
    ...{ source, work: `${base}${part}`, datedAt, language, units },
  }
}

/**
 * What a document with that source is a version of, whatever the version.
 * @param {string} source
 */
export function workOf(source) {
  const id = findActId(source)
  if (!id) return source
  return source.endsWith(RECITALS) ? `${id.base}${RECITALS}` : id.base
}

function complete(file, read, stated) {
  if (stated.source !== undefined && stated.id === undefined) {
    throw new ImportError('is an act, and --source names none; give its CELEX number')
  }
  const base = stated.id?.base ?? read.base
  if (!base) throw missing('which act it is', '--source CELEX, for example --source 32024R1689')
  const language = stated.language ?? read.language ?? languageOfName(file)
  if (!language) throw missing('its language', '--language, for example --language en')
  const datedAt = stated.datedAt ?? stated.id?.consolidatedAt ?? read.datedAt
  if (!datedAt) throw missing('the date of its version', '--dated-at YYYY-MM-DD')
  const isConsolidated = Boolean(stated.id?.consolidatedAt ?? read.consolidatedAt)
  return { ...read, base, language, datedAt, consolidatedAt: isConsolidated ? datedAt : undefined }
}

function missing(what, option) {
  return new ImportError(`does not say ${what}; give ${option}`)
}

/** `gdpr.de.json` */
function languageOfName(file) {
  return /\.([a-z]{2})\.\w+$/.exec(basename(file))?.[1]
}

/**
 * @param {string} file
 * @param {import('./front-matter.mjs').GuideFile} guide
 * @param {Stated} stated
 * @returns {PreparedDocument}
 */
export function markdownDocument(file, guide, stated) {
  const source = stated.source ?? guide.source ?? `markdown:${slugOf(file)}`
  if (source.startsWith(GUIDE_SOURCE)) {
    throw new ImportError(`has a source of the guide that ships (${GUIDE_SOURCE}…); give another`)
  }
  return {
    ...ownDocument(file, guide, guide.title, source),
    ...pick(stated, ['datedAt', 'language']),
  }
}

/**
 * A file of the guide that ships.
 * @param {string} file
 * @param {import('./front-matter.mjs').GuideFile} guide
 * @returns {PreparedDocument}
 */
export function guideDocument(file, guide) {
  return ownDocument(file, guide, `Guide: ${guide.title}`, `${GUIDE_SOURCE}${slugOf(file)}`)
}

function ownDocument(file, { title, references, body, datedAt, language }, name, source) {
  const heading = /^# /m.test(body) ? '' : `# ${title}\n\n`
  const sources = references.length > 0 ? `\n\nReferences: ${references.join('; ')}.` : ''
  const text = `${heading}${body}${sources}\n\nState of the law: ${datedAt}.\n`
  return {
    ...withBytes(file, name, text),
    source,
    work: source,
    datedAt,
    language,
    units: undefined,
  }
}

function withBytes(file, name, text) {
  const bytes = Buffer.from(text)
  // The server keeps what follows the last slash of a file's name, and 255 characters.
  const safe = name
    .replaceAll(/[/\\]/g, '-')
    .replaceAll(/[\p{Cc}"]/gu, '')
    .slice(0, 200)
  return { file, name: safe, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

function slugOf(file) {
  return basename(file).replace(/\.\w+$/, '')
}

function pick(from, names) {
  return Object.fromEntries(names.filter((name) => from[name]).map((name) => [name, from[name]]))
}
