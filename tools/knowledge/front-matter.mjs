import { parseDocument } from 'yaml'
import { isDate } from './dates.mjs'
import { ImportError } from './import-error.mjs'

const FRONT_MATTER = /^---[ \t]*\r?\n([\s\S]{0,16384}?)\r?\n---[ \t]*(?:\r?\n|$)/
const KNOWN = new Set(['title', 'order', 'references', 'dated_at', 'language', 'source'])

/**
 * A text of ours, with what stands above it between two lines of `---`.
 * @typedef {object} GuideFile
 * @property {string} title at most 200 characters
 * @property {string[]} references for example `AI Act Art. 26`
 * @property {string} datedAt state of the law, `YYYY-MM-DD`
 * @property {string} language ISO 639-1
 * @property {string | undefined} source where it is from
 * @property {string} body Markdown
 */

/**
 * Throws ImportError, which names the line above the text that has to change.
 * @param {string} text
 * @returns {GuideFile}
 */
export function readGuideFile(text) {
  const [block, yaml] = FRONT_MATTER.exec(text) ?? []
  if (block === undefined) {
    throw new ImportError(
      'has no front matter: begin it with --- , the lines title, dated_at and language, and ---',
    )
  }
  const meta = parseYaml(yaml)
  const problem = problemOf(meta)
  if (problem) throw new ImportError(`has front matter in which ${problem}`)
  const body = text.slice(block.length).replaceAll('\r\n', '\n').trim()
  if (body === '') throw new ImportError('has no text below its front matter')
  const { title, references = [], dated_at: datedAt, language, source } = meta
  return { title: title.trim(), references, datedAt, language, source, body }
}

/** YAML 1.2 without aliases, of which a few lines can make a large value. */
function parseYaml(yaml) {
  const document = parseDocument(yaml, { schema: 'core', uniqueKeys: true, logLevel: 'silent' })
  const [error] = document.errors
  if (error)
    throw new ImportError(`has broken front matter (${error.code} in line ${lineOf(error)})`)
  try {
    return document.toJS({ maxAliasCount: 0 }) ?? {}
  } catch (cause) {
    throw new ImportError('has front matter with aliases; write every value out', { cause })
  }
}

function lineOf({ linePos }) {
  return (linePos?.[0].line ?? 1) + 1
}

function problemOf(meta) {
  if (typeof meta !== 'object' || Array.isArray(meta)) return 'there are no names with values'
  const unknown = Object.keys(meta).find((name) => !KNOWN.has(name))
  if (unknown !== undefined) {
    return `a name is unknown; known are ${[...KNOWN].join(', ')}`
  }
  return CHECKS.find(([, isRight]) => !isRight(meta))?.[0]
}

/** What has to change, and whether it is right already. */
const CHECKS = [
  ['title is not a text of 1 to 200 characters', ({ title }) => isText(title, 200)],
  ['dated_at is not a day, YYYY-MM-DD', ({ dated_at: date }) => isDate(date)],
  ['language is not a code such as en or de', ({ language }) => /^[a-z]{2,3}$/.test(language)],
  [
    'references is not a list of texts',
    ({ references = [] }) =>
      Array.isArray(references) && references.every((each) => isText(each, 200)),
  ],
  ['order is not a whole number', ({ order = 0 }) => Number.isSafeInteger(order)],
  ['source is not a text', ({ source }) => source === undefined || isText(source, 2_000)],
]

function isText(value, max) {
  return typeof value === 'string' && value.trim() !== '' && value.length <= max
}
