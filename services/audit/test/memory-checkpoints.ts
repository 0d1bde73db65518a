import { formatCheckpoint } from '@lexcustis/evidence'
import type { CheckpointStore, LogName, OrganizationLog } from '../src/domain/checkpoint-store.js'
import type { AnchorProgress, Delivered } from '../src/domain/witness.js'

export const keyOf = (log: LogName): string =>
  log === 'deployment' ? log : `${log.organizationId}/${log.incarnation}`

/** A checkpoint in the form of a note; its signature line is well-formed and signs nothing. */
export function checkpointNote(log: LogName, size: bigint): string {
  const origin = `example.com/${keyOf(log)}`
  const text = formatCheckpoint({
    origin,
    size,
    root: new Uint8Array(32).fill(Number(size % 251n)),
  })
  return `${text}\n— ${origin} ${Buffer.alloc(68, 1).toString('base64')}\n`
}

/** What anchoring reads: the newest note of each log, in memory. */
export interface MemoryCheckpoints extends Pick<CheckpointStore, 'newest' | 'logs'> {
  set(log: LogName, note: string | undefined): void
  failing: Error | undefined
}

export function createMemoryCheckpoints(): MemoryCheckpoints {
  const notes = new Map<string, { log: LogName; note: string }>()
  const store: MemoryCheckpoints = {
    failing: undefined,
    set(log, note) {
      if (note === undefined) notes.delete(keyOf(log))
      else notes.set(keyOf(log), { log, note })
    },
    async newest(log) {
      if (store.failing) throw store.failing
      return notes.get(keyOf(log))?.note
    },
    async *logs() {
      if (store.failing) throw store.failing
      const logs = [...notes.values()].map(({ log }) => log)
      yield* logs.filter((log): log is OrganizationLog => log !== 'deployment')
    },
  }
  return store
}

export interface MemoryProgress extends AnchorProgress {
  readonly kept: Map<string, Delivered>
}

export function createMemoryProgress(): MemoryProgress {
  const kept = new Map<string, Delivered>()
  return {
    kept,
    read: async (witness, log) => kept.get(`${witness} ${keyOf(log)}`),
    write: async (witness, log, delivered) => void kept.set(`${witness} ${keyOf(log)}`, delivered),
  }
}
