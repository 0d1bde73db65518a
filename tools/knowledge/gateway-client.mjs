import { Blob } from 'node:buffer'
import { setTimeout as wait } from 'node:timers/promises'
import { URLSearchParams } from 'node:url'
import { ImportError } from './import-error.mjs'

const TIMEOUT_MS = 330_000
const PAGE = 200
const MAX_PAGES = 500
/** Requests per minute are limited; a full minute and a little more gets through. */
const MAX_PAUSES = 20
const MAX_PAUSE_MS = 65_000

/**
 * A document of the shared knowledge base, as `GET /api/v1/knowledge` shows it.
 * @typedef {{ id: string, name: string, state: string, reason: string | null, chunk_count: number,
 *   sha256: string, version: number, replaces: string | null, replaced_by: string | null,
 *   language: string | null, dated_at: string | null, source: string | null }} Shared
 */

/** An answer that refuses: the status, and what the problem document says. */
export class Refused extends ImportError {
  constructor(status, detail) {
    super(`the server refused (${status}: ${detail})`)
    this.status = status
  }
}

/** The shared knowledge base over HTTP, on behalf of an operator. */
export class KnowledgeClient {
  #url
  #token
  #signal
  #say

  constructor(url, token, { signal, say }) {
    this.#url = url
    this.#token = token
    this.#signal = signal
    this.#say = say
  }

  /**
   * Logs in. Throws ImportError.
   * @param {{ url: string, email: string, password: string, signal?: AbortSignal, say: (line: string) => void }} options
   */
  static async logIn({ url, email, password, signal, say }) {
    const client = new KnowledgeClient(url, undefined, { signal, say })
    const session = await client.#json('POST', '/api/v1/auth/login', { email, password })
    return new KnowledgeClient(url, session.access_token, { signal, say })
  }

  /** All documents, newest first. @returns {Promise<Shared[]>} */
  async list() {
    const all = []
    let cursor = ''
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page = await this.#json('GET', `/api/v1/knowledge?limit=${PAGE}${query}`)
      all.push(...page.items)
      if (page.next_cursor === null) return all
      cursor = page.next_cursor
    }
    throw new ImportError(`the shared knowledge base has more than ${PAGE * MAX_PAGES} documents`)
  }

  /**
   * @param {import('./documents.mjs').PreparedDocument} document
   * @param {string | undefined} replaces
   * @returns {Promise<{ id: string, existed: boolean }>}
   */
  async add({ name, bytes, source, datedAt, language }, replaces) {
    const said = { source, language, dated_at: `${datedAt}T00:00:00Z` }
    const query = new URLSearchParams(replaces ? { ...said, replaces } : said)
    return this.#json('POST', `/api/v1/knowledge?${query}`, () => {
      const form = new globalThis.FormData()
      form.append('file', new Blob([bytes], { type: 'text/markdown' }), name)
      return form
    })
  }

  /** Removes a document; one that is gone already is as good. @param {string} id */
  async remove(id) {
    const response = await this.#send('DELETE', `/api/v1/knowledge/${id}`)
    if (!response.ok && response.status !== 404) throw await refusal(response)
  }

  async #json(method, path, body) {
    const response = await this.#send(method, path, body)
    if (response.ok) return response.json()
    throw await refusal(response)
  }

  /** Waits where the server asks for it: 429, and 503 while it starts. */
  async #send(method, path, body) {
    for (let pauses = 0; ; pauses += 1) {
      const response = await this.#attempt(method, path, body)
      const isBusy = response.status === 429 || response.status === 503
      if (!isBusy || pauses === MAX_PAUSES) return response
      await response.body?.cancel()
      const ms = pauseOf(response, pauses)
      if (ms > 5_000) this.#say(`The server asks for a pause of ${Math.ceil(ms / 1000)} s`)
      await wait(ms, undefined, { signal: this.#signal })
    }
  }

  async #attempt(method, path, body) {
    const isForm = typeof body === 'function'
    const headers = {
      ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
      ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
    }
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const signal = this.#signal ? AbortSignal.any([this.#signal, timeout]) : timeout
    const sent = isForm ? body() : body && JSON.stringify(body)
    try {
      return await fetch(this.#url + path, {
        method,
        headers,
        signal,
        body: sent,
        redirect: 'error',
      })
    } catch (cause) {
      this.#signal?.throwIfAborted()
      const why = cause.cause?.code ?? cause.name
      throw new ImportError(`nothing answers at ${this.#url} (${why}); is it running?`, { cause })
    }
  }
}

function pauseOf({ headers }, pauses) {
  const seconds = Number(headers.get('retry-after') ?? NaN)
  const ms = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 500 * 2 ** pauses
  return Math.min(ms, MAX_PAUSE_MS)
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}))
  if (response.status === 401) return new Refused(401, 'e-mail or password are wrong')
  if (response.status === 403) {
    return new Refused(403, 'this account is no operator; only operators write shared knowledge')
  }
  return new Refused(response.status, String(problem.detail ?? problem.title ?? 'no reason given'))
}
