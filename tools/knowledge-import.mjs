// `npm run knowledge:import -- <file|folder>...`: brings legal texts and guides into the knowledge base
// that the operator shares with every organisation. docs/knowledge.md has formats and exit codes.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findActId } from './knowledge/celex.mjs'
import { isDate } from './knowledge/dates.mjs'
import { KnowledgeClient } from './knowledge/gateway-client.mjs'
import { importDocuments, isAllWell, readServerUrl } from './knowledge/import-documents.mjs'
import { EXIT, ImportError } from './knowledge/import-error.mjs'
import { readPaths } from './knowledge/read-files.mjs'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))
const GUIDE = join(CHECKOUT, 'knowledge', 'guide')
const USAGE = `usage: npm run knowledge:import -- [options] <file|folder>...
  --url URL              of the gateway, default http://127.0.0.1:8080
  --email, --password-file FILE
                         an operator; default: that of npm start
  --source CELEX|URL     which act or where from, where the file does not say
  --dated-at YYYY-MM-DD  date of the version, where the file does not say (also --version)
  --language xx          ISO 639-1, where the file does not say
  --keep-both            leave older and newer versions beside each other
  --wait-seconds N       for the texts to be searchable, default 300
  --dry-run              read the files, send nothing
  --json                 one line of JSON on standard output`

const say = (line) => process.stderr.write(`${line}\n`)
const usage = (problem) => new ImportError(`${problem}\n${USAGE}`, { exitCode: EXIT.usage })

function readOptions() {
  const text = { type: 'string' }
  const flag = { type: 'boolean', default: false }
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        ...{ url: text, email: text, 'password-file': text, source: text, language: text },
        ...{ 'dated-at': text, version: text, 'wait-seconds': text },
        ...{ 'keep-both': flag, 'dry-run': flag, json: flag, help: flag },
      },
    })
    return { ...values, paths: positionals.map((path) => resolve(path)) }
  } catch (cause) {
    throw usage(cause.message)
  }
}

/** What the command says of its files. @returns {import('./knowledge/documents.mjs').Stated} */
function readStated({ source, language, 'dated-at': datedAt, version }) {
  const date = datedAt ?? version
  if (date !== undefined && !isDate(date)) throw usage('--dated-at is no day, YYYY-MM-DD')
  if (language !== undefined && !/^[a-z]{2,3}$/.test(language)) {
    throw usage('--language is no code such as en or de')
  }
  if (source !== undefined && source.trim() === '') throw usage('--source is empty')
  const stated = { id: findActId(source), source, datedAt: date, language }
  return Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined))
}

function readWait({ 'wait-seconds': given = '300' }) {
  if (/^\d{1,5}$/.test(given)) return Number(given) * 1_000
  throw usage('--wait-seconds is no whole number')
}

/** The operator who was named, or the one whom npm start made. */
async function readLogin({ email, 'password-file': file }, isLocal) {
  if (email !== undefined && file !== undefined) return { email, password: await readSecret(file) }
  if (email !== undefined || file !== undefined)
    throw usage('--email and --password-file go together')
  if (!isLocal) throw usage('--email and --password-file are needed for another machine')
  const { layoutOf, OPERATOR_EMAIL } = await import('../packages/stack/dist/index.js').catch(
    (cause) => {
      throw new ImportError('npm start has not run here yet; start it, or give --email', { cause })
    },
  )
  const dataDir = resolve(process.env.LEXCUSTIS_DATA_DIR || join(CHECKOUT, '.lexcustis'))
  const password = await readSecret(layoutOf(dataDir).secret('operator_password'))
  return { email: OPERATOR_EMAIL, password }
}

async function readSecret(path) {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    const advice = 'start npm start first, or give --email and --password-file'
    throw new ImportError(`${path} cannot be read (${cause.code}); ${advice}`, { cause })
  }
}

async function send(documents, options) {
  const { url, isLocal } = readServerUrl(options.url ?? 'http://127.0.0.1:8080')
  const client = await KnowledgeClient.logIn({ url, say, ...(await readLogin(options, isLocal)) })
  const settings = { keepBoth: options['keep-both'], waitMs: readWait(options) }
  return importDocuments(client, documents, settings)
}

function describe({ name, status, chunks, reason }) {
  const passages = chunks === undefined ? '' : `, ${chunks} passages`
  return `${name}: ${status}${passages}${reason ? ` (${reason})` : ''}`
}

/** What would be sent. */
function drafts(documents) {
  return documents.map(({ file, name, bytes, units, source, datedAt, language }) => ({
    ...{ file, name, status: 'read', source, dated_at: datedAt, language },
    ...{ size_bytes: bytes.length, ...units },
  }))
}

async function main() {
  const options = readOptions()
  if (options.help) return say(USAGE)
  if (options.paths.length === 0) throw usage('no file or folder was named')
  const stated = readStated(options)
  readWait(options)
  const { documents, unreadable } = await readPaths(options.paths, stated, { guideFolder: GUIDE })
  for (const { file, problem } of unreadable) say(`${file} ${problem}`)
  const isSent = !options['dry-run'] && documents.length > 0
  const outcomes = isSent ? await send(documents, options) : drafts(documents)
  for (const outcome of outcomes) say(describe(outcome))
  const isOk = unreadable.length === 0 && isAllWell(outcomes)
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ok: isOk, documents: outcomes, unreadable })}\n`)
  }
  process.exitCode = isOk ? 0 : EXIT.failed
  return undefined
}

main().catch((error) => {
  say(`knowledge:import: ${error instanceof ImportError ? error.message : error.stack}`)
  process.exitCode = error instanceof ImportError ? error.exitCode : EXIT.failed
})
