import { readFile } from 'node:fs/promises'
import { AppError } from '@lexcustis/core'
import { readCheckpoint } from '@lexcustis/evidence'
import type { Witness } from '../domain/witness.js'
import { postBytes } from './post-bytes.js'

export interface WebhookOptions {
  readonly name?: string
  readonly url: string
  /** Holds the bearer token; read for each delivery, so that it can be replaced while this runs. */
  readonly tokenFile?: string | undefined
  readonly timeoutMs?: number
}

/** What a webhook answers is not looked at; it must end, though. */
const MAX_ANSWER_BYTES = 65_536

/**
 * POSTs each checkpoint as text/plain, the note byte for byte, with the headers
 * `lexcustis-log-origin` and `lexcustis-tree-size` for those who file it without reading it. Any 2xx
 * says that the witness has kept it.
 */
export function createWebhookWitness(options: WebhookOptions): Witness {
  const { name = 'webhook', url, tokenFile, timeoutMs = 10_000 } = options
  return {
    name,
    async push({ size, note }) {
      const token = tokenFile === undefined ? undefined : await readToken(tokenFile)
      const headers = {
        'content-type': 'text/plain; charset=utf-8',
        'lexcustis-log-origin': readCheckpoint(note).origin,
        'lexcustis-tree-size': String(size),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      }
      const maxAnswerBytes = MAX_ANSWER_BYTES
      await postBytes({ url, headers, body: note, timeoutMs, maxAnswerBytes, name: 'the witness' })
    },
  }
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new AppError('UNAVAILABLE', "the file of the witness's token cannot be read", {
      cause: error,
    })
  }
}
