import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
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
import { createDurableFiles, makeRoot, readIfThere, toUnavailable, unless } from './durable-file.js'

const NOTE = /^\d{19}\.note$/
/** Names of the folders above a note, outermost first. */
const GROUPS = [/^\d{10}$/, /^\d{3}$/, /^\d{3}$/]

/**
 * Checkpoints as files that are only ever created:
 *
 *     organizations/<org>/<inc>/<10 digits>/<3 digits>/<3 digits>/<19 digits>.note, .next, .tsr
 *     deployment/notes/…/<19 digits>.note, .next, .tsr
 *     deployment/entries/…/<19 digits>.entry
 *
 * The folders repeat the first 16 of the 19 digits: none holds more than 1000 sizes or 1000 folders
 * up to 10^12 records, and the newest note is four listings away. Whoever can write to the folder can
 * remove files; keep it on a volume that the database's administrator does not have. Throws AppError
 * UNAVAILABLE when nothing can be written there.
 */
export async function openDirectoryCheckpointStore(directory: string): Promise<CheckpointStore> {
  const root = resolve(directory)
  const files = createDurableFiles(root)
  await available(async () => {
    await makeRoot(root)
    // A disk that is full or read only, or that cannot link, is better known before anything is signed.
    await files.create('.probe', '')
  })

  const pathOf = (log: LogName, size: bigint, suffix: string): string =>
    join(...notesPath(log), ...numbered(checkpointDigits(size), suffix))
  const readText = async (path: string): Promise<string | undefined> =>
    (await readIfThere(join(root, path)))?.toString('utf8')

  async function newest(log: LogName): Promise<string | undefined> {
    const name = await largestNote(join(root, ...notesPath(log)))
    return name === undefined ? undefined : (await readIfThere(name))?.toString('utf8')
  }

  async function incarnations(organizationId: string): Promise<readonly string[]> {
    const folder = join(root, ...organizationPath(organizationId))
    const found: string[] = []
    for (const name of await list(folder)) {
      if (isUuid(name) && (await largestNote(join(folder, name)))) found.push(name)
    }
    return found
  }

  return {
    newest: (log) => available(() => newest(log)),
    get: (log, size) => available(() => readText(pathOf(log, size, 'note'))),
    put: (log, size, note) =>
      available(async () => {
        const path = pathOf(log, size, 'note')
        if (await files.create(path, note)) return
        assertSameCheckpoint((await readText(path)) ?? '', note)
      }),
    claim: (log, after, note) =>
      available(async () => {
        const path = join(...notesPath(log), ...numbered(nineteenDigits(after), 'next'))
        return (await files.create(path, note)) ? note : ((await readText(path)) ?? note)
      }),
    putTimestamp: (log, size, token) =>
      available(async () => {
        await files.create(pathOf(log, size, 'tsr'), token)
      }),
    getTimestamp: (log, size) => available(() => readIfThere(join(root, pathOf(log, size, 'tsr')))),
    incarnations: (organizationId) => available(() => incarnations(organizationId)),
    async *logs() {
      const organizations = await available(() => list(join(root, 'organizations')))
      for (const organizationId of organizations.filter(isUuid)) {
        for (const incarnation of await available(() => incarnations(organizationId))) {
          yield { organizationId, incarnation }
        }
      }
    },
    putEntry: (index, entry) =>
      available(async () => {
        const path = entryPath(index)
        return (await files.create(path, entry)) || (await readText(path)) === entry
      }),
    async *entries(from) {
      for (let index = from; ; index += 1n) {
        const entry = await available(() => readText(entryPath(index)))
        if (entry === undefined) return
        yield entry
      }
    },
  }
}

function notesPath(log: LogName): readonly string[] {
  return log === 'deployment' ? ['deployment', 'notes'] : logPath(log)
}

function entryPath(index: bigint): string {
  return join('deployment', 'entries', ...numbered(nineteenDigits(index), 'entry'))
}

function numbered(digits: string, suffix: string): readonly string[] {
  return [digits.slice(0, 10), digits.slice(10, 13), digits.slice(13, 16), `${digits}.${suffix}`]
}

/**
 * The path of the note of the largest size below a folder of groups. A group may be empty: its
 * folder is made before its first note.
 */
async function largestNote(folder: string, depth = 0): Promise<string | undefined> {
  const names = (await list(folder)).reverse()
  const group = GROUPS[depth]
  if (!group) {
    const name = names.find((candidate) => NOTE.test(candidate))
    return name === undefined ? undefined : join(folder, name)
  }
  for (const name of names.filter((candidate) => group.test(candidate))) {
    const found = await largestNote(join(folder, name), depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Names in a folder, ascending; none when it is not there. */
async function list(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(unless('ENOENT'))
  return (names ?? []).sort()
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toUnavailable(error)
  }
}
