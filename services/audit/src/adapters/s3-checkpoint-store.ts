import { isUuid } from '@lexcustis/core'
import {
  assertSameCheckpoint,
  checkpointDigits,
  type CheckpointStore,
  type LogName,
  logPath,
  nineteenDigits,
  organizationPath,
} from '../domain/checkpoint-store.js'
import type { S3Bucket } from './s3-bucket.js'

const LARGEST = 2n ** 63n - 1n
/** Leaves asked for at once; a store answers each in tens of milliseconds. */
const READ_AHEAD = 16
const TEXT = 'text/plain; charset=utf-8'
const TOKEN = 'application/timestamp-reply'

/**
 * Checkpoints as objects that are only ever created:
 *
 *     organizations/<org>/<inc>/notes/<2^63 - 1 - size>-<size>.note
 *     organizations/<org>/<inc>/claims/<19 digits>.next
 *     organizations/<org>/<inc>/timestamps/<2^63 - 1 - size>-<size>.tsr
 *     deployment/notes/…, deployment/claims/…, deployment/timestamps/…, deployment/entries/<19 digits>.entry
 *
 * Numbers have 19 digits. Listings ascend, so the newest note is the first name of its folder and
 * found by one request. The credentials need PutObject, GetObject and ListBucket, and no right to
 * delete: object lock keeps every version, but a delete marker could still hide one from a listing.
 */
export function createS3CheckpointStore(bucket: S3Bucket): CheckpointStore {
  const readText = async (key: string): Promise<string | undefined> => {
    const bytes = await bucket.read(key)
    return bytes && Buffer.from(bytes).toString('utf8')
  }

  async function incarnations(organizationId: string): Promise<readonly string[]> {
    const folder = `${organizationPath(organizationId).join('/')}/`
    const found: string[] = []
    for await (const incarnation of bucket.folders(folder)) {
      if (!isUuid(incarnation)) continue
      if (await bucket.firstKey(notesFolder({ organizationId, incarnation }))) {
        found.push(incarnation)
      }
    }
    return found.sort()
  }

  return {
    newest: async (log) => {
      const key = await bucket.firstKey(notesFolder(log))
      return key === undefined ? undefined : readText(key)
    },
    get: async (log, size) => readText(noteKey(log, size)),
    put: async (log, size, note) => {
      const key = noteKey(log, size)
      if (await bucket.create(key, note, TEXT)) return
      assertSameCheckpoint((await readText(key)) ?? '', note)
    },
    claim: async (log, after, note) => {
      const key = `${logPath(log).join('/')}/claims/${nineteenDigits(after)}.next`
      return (await bucket.create(key, note, TEXT)) ? note : ((await readText(key)) ?? note)
    },
    putTimestamp: async (log, size, token) => {
      await bucket.create(timestampKey(log, size), token, TOKEN)
    },
    getTimestamp: async (log, size) => bucket.read(timestampKey(log, size)),
    incarnations: async (organizationId) => incarnations(organizationId),
    async *logs() {
      for await (const organizationId of bucket.folders('organizations/')) {
        if (!isUuid(organizationId)) continue
        for (const incarnation of await incarnations(organizationId)) {
          yield { organizationId, incarnation }
        }
      }
    },
    putEntry: async (index, entry) => {
      const key = entryKey(index)
      return (await bucket.create(key, entry, TEXT)) || (await readText(key)) === entry
    },
    async *entries(from) {
      for (let first = from; ; first += BigInt(READ_AHEAD)) {
        const keys = Array.from({ length: READ_AHEAD }, (_, offset) => first + BigInt(offset))
        const page = await Promise.all(keys.map((index) => readText(entryKey(index))))
        for (const entry of page) {
          if (entry === undefined) return
          yield entry
        }
      }
    },
  }
}

function notesFolder(log: LogName): string {
  return `${logPath(log).join('/')}/notes/`
}

function noteKey(log: LogName, size: bigint): string {
  return `${notesFolder(log)}${newestFirst(size)}.note`
}

function timestampKey(log: LogName, size: bigint): string {
  return `${logPath(log).join('/')}/timestamps/${newestFirst(size)}.tsr`
}

function entryKey(index: bigint): string {
  return `deployment/entries/${nineteenDigits(index)}.entry`
}

function newestFirst(size: bigint): string {
  const digits = checkpointDigits(size)
  return `${nineteenDigits(LARGEST - size)}-${digits}`
}
