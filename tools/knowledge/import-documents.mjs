import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { workOf } from './documents.mjs'
import { Refused } from './gateway-client.mjs'
import { ImportError } from './import-error.mjs'

const POLL_MS = 1_000
const MAX_POLL_MS = 5_000

/**
 * What became of a document.
 * @typedef {object} Outcome
 * @property {string} file
 * @property {string} name
 * @property {'imported' | 'replaced' | 'existed' | 'older' | 'refused' | 'failed'} status `older` when a
 *   newer version came in the same command; `refused` when it is there already
 * @property {string} [id]
 * @property {string} [reason] for people
 * @property {number} [chunks]
 */

/**
 * @typedef {object} Plan
 * @property {'existed' | 'add' | 'refuse'} action
 * @property {import('./gateway-client.mjs').Shared} [current] the version that is found now
 */

/**
 * Decides without asking anybody. The same bytes are there or not; of two versions the later counts.
 * @param {import('./documents.mjs').PreparedDocument} document
 * @param {readonly import('./gateway-client.mjs').Shared[]} shared
 * @param {{ keepBoth: boolean }} options
 * @returns {Plan}
 */
export function planImport(document, shared, { keepBoth }) {
  const versions = shared
    .filter((each) => isVersionOf(each, document))
    .sort((a, b) => (b.dated_at ?? '').localeCompare(a.dated_at ?? ''))
  const same = versions.find(
    ({ sha256, name }) => sha256 === document.sha256 && name === document.name,
  )
  if (same) return { action: 'existed', current: same }
  const [current] = versions
  if (!current || keepBoth) return { action: 'add' }
  const isOlder = document.datedAt < (current.dated_at ?? '').slice(0, 10)
  return { action: isOlder ? 'refuse' : 'add', current }
}

/** Whether a document is the present version of the same work in the same language. */
export function isVersionOf({ source, language, state, replaced_by: replacedBy }, document) {
  const isPresent = replacedBy === null && state !== 'failed'
  return isPresent && workOf(source ?? '') === document.work && language === document.language
}

/**
 * Imports documents one after another and waits until they can be searched.
 * @param {import('./gateway-client.mjs').KnowledgeClient} client
 * @param {readonly import('./documents.mjs').PreparedDocument[]} documents
 * @param {{ keepBoth: boolean, waitMs: number, signal?: AbortSignal }} options
 * @returns {Promise<Outcome[]>}
 */
export async function importDocuments(client, documents, options) {
  const shared = await client.list()
  const outcomes = []
  for (const document of documents) {
    const { file, name } = document
    const isOlder = !options.keepBoth && documents.some((each) => isLaterVersion(each, document))
    const outcome = isOlder
      ? { status: 'older' }
      : await importOne(client, document, shared, options)
    outcomes.push({ file, name, ...outcome })
  }
  return untilSearchable(client, outcomes, options)
}

function isLaterVersion(one, other) {
  const isSame = one.work === other.work && one.language === other.language
  return isSame && one.datedAt > other.datedAt
}

async function importOne(client, document, shared, options) {
  const { action, current } = planImport(document, shared, options)
  if (action === 'existed') return { status: 'existed', id: current.id }
  if (action === 'refuse') {
    const reason = `it is of ${document.datedAt}, and ${current.name} is there; give --keep-both to have both`
    return { status: 'refused', reason }
  }
  try {
    const { id, existed } = await client.add(document, current?.id)
    return { status: existed ? 'existed' : current ? 'replaced' : 'imported', id }
  } catch (error) {
    // Who may not write at all need not try with the next file.
    if (!(error instanceof Refused) || error.status === 401 || error.status === 403) throw error
    const isRace = error.status === 409 || error.status === 404
    const advice = isRace ? '; somebody else replaced or removed it meanwhile: try again' : ''
    return { status: 'failed', reason: `${error.message}${advice}` }
  }
}

/** Adds the number of passages, or why there are none. Gives up after `waitMs`. */
async function untilSearchable(client, outcomes, { waitMs, signal }) {
  const endsAt = performance.now() + waitMs
  for (let pauseMs = POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, MAX_POLL_MS)) {
    const open = outcomes.filter(isOpen)
    if (open.length === 0) return outcomes
    const shared = new Map((await client.list()).map((each) => [each.id, each]))
    for (const outcome of open) Object.assign(outcome, settled(shared.get(outcome.id)))
    if (outcomes.some(isOpen) && performance.now() > endsAt) {
      return outcomes.map((each) => (isOpen(each) ? late(each, waitMs) : each))
    }
    if (outcomes.some(isOpen)) await wait(pauseMs, undefined, { signal })
  }
}

function isOpen({ id, chunks, status }) {
  return id !== undefined && chunks === undefined && status !== 'failed'
}

function settled(shared) {
  if (!shared) return { status: 'failed', reason: 'it was removed meanwhile' }
  if (shared.state === 'ready') return { chunks: shared.chunk_count }
  if (shared.state === 'failed')
    return { status: 'failed', reason: shared.reason ?? 'no reason given' }
  return {}
}

function late(outcome, waitMs) {
  const reason = `it is still being indexed after ${waitMs / 1_000} s; it will be found once that is done`
  return { ...outcome, status: 'failed', reason }
}

/** Whether everything that was asked for is so. @param {readonly Outcome[]} outcomes */
export function isAllWell(outcomes) {
  return outcomes.every(({ status }) => status !== 'failed' && status !== 'refused')
}

/** Throws ImportError unless a password may go there: over TLS, or not over a network at all. */
export function readServerUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new ImportError('--url is no http(s) address', { exitCode: 2 })
  }
  const isLocal = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url.protocol === 'http:' && !isLocal) {
    throw new ImportError('--url has to be https: a password is sent there', { exitCode: 2 })
  }
  return { url: url.origin, isLocal }
}
