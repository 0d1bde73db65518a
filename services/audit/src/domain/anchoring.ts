import { setTimeout as pause } from 'node:timers/promises'
import { AppError, type Clock } from '@lexcustis/core'
import { readCheckpoint } from '@lexcustis/evidence'
import {
  type AnchorQueue,
  type Backoff,
  createAnchorQueue,
  type Instant,
  type Pending,
  type WitnessBacklog,
} from './anchor-queue.js'
import type { CheckpointStore, LogName } from './checkpoint-store.js'
import type { AnchorProgress, Witness } from './witness.js'

export interface AnchoringOptions {
  readonly store: Pick<CheckpointStore, 'newest' | 'logs'>
  readonly witnesses: readonly Witness[]
  readonly progress: AnchorProgress
  readonly clock: Clock
  /** How often the store is searched for checkpoints that no `notify` spoke of: other replicas'. */
  readonly scanEveryMs?: number
  readonly backoff?: Backoff
  /** A delivery to a witness failed and is tried again; `store` and `progress` are named like one. */
  readonly onFailed?: (name: string, error: unknown) => void
  readonly onDelivered?: (witness: string, log: LogName, size: bigint) => void
}

export interface AnchoringBacklog {
  /** Of the witness that lacks most. */
  readonly unanchoredRecords: bigint
  /** Of the witness that has waited longest. After a restart up to the time since its last delivery. */
  readonly oldestUnanchoredSeconds: number
  readonly witnesses: readonly WitnessBacklog[]
}

export interface Anchoring extends AsyncDisposable {
  /** A checkpoint has been stored. Returns at once and never throws. */
  notify(log: LogName, size: bigint): void
  backlog(): AnchoringBacklog
}

const HOUR_MS = 3_600_000
const BACKOFF: Backoff = { firstMs: 1_000, capMs: 60_000, random: Math.random }
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/
const RESERVED = ['store', 'progress']

/**
 * Gives every witness the newest checkpoint of every log, at least once, in the order of sizes, for
 * as long as it takes; what is stored already when it starts is not forgotten. Each witness has its
 * own pace, and nothing waits for any of them. Throws when witnesses share a name.
 */
export function startAnchoring(options: AnchoringOptions): Anchoring {
  const { store, witnesses, progress, clock, scanEveryMs = HOUR_MS, backoff = BACKOFF } = options
  const { onFailed = () => undefined, onDelivered = () => undefined } = options
  assertNames(witnesses)
  const stop = new AbortController()
  const lanes = witnesses.map((witness) => createLane(witness, backoff))
  const admissions = new Set<Promise<void>>()
  const now = (): Instant => ({ micros: clock.nowMicros(), ms: performance.now() })

  async function admit(log: LogName, size: bigint): Promise<void> {
    for (const { witness, queue, wake } of lanes) {
      const earlier = queue.has(log) ? undefined : await readProgress(witness.name, log)
      queue.found(log, size, now(), earlier)
      if (earlier && earlier.size > size) onFailed(witness.name, behind())
      wake()
    }
  }

  const readProgress: AnchorProgress['read'] = async (witness, log) => {
    try {
      return await progress.read(witness, log)
    } catch (error) {
      onFailed('progress', error)
      return undefined
    }
  }

  async function newestOf(log: LogName): Promise<{ size: bigint; note: string } | undefined> {
    const note = await store.newest(log)
    return note === undefined ? undefined : { size: readCheckpoint(note).size, note }
  }

  async function scanLog(log: LogName): Promise<void> {
    try {
      const newest = await newestOf(log)
      if (newest) await admit(log, newest.size)
    } catch (error) {
      // One note that cannot be read must not hide the logs after it.
      onFailed('store', error)
    }
  }

  async function scan(): Promise<void> {
    await scanLog('deployment')
    for await (const log of store.logs()) {
      if (stop.signal.aborted) return
      await scanLog(log)
    }
  }

  async function scanAgainAndAgain(): Promise<void> {
    let failures = 0
    while (!stop.signal.aborted) {
      try {
        await scan()
        failures = 0
      } catch (error) {
        failures += 1
        onFailed('store', error)
      }
      const retryMs = Math.min(backoff.capMs, backoff.firstMs * 2 ** (failures - 1))
      await sleep(failures === 0 ? scanEveryMs : Math.min(retryMs, scanEveryMs), stop.signal)
    }
  }

  async function deliver({ witness, queue }: Lane, pending: Pending): Promise<void> {
    const { log } = pending
    const at = now()
    const newest = await newestOf(log)
    if (!newest || newest.size < pending.newest) throw behind()
    await witness.push({ log, ...newest })
    queue.delivered(pending, newest.size, { ...at, ms: performance.now() })
    onDelivered(witness.name, log, newest.size)
    try {
      await progress.write(witness.name, log, { size: newest.size, atMicros: at.micros })
    } catch (error) {
      // Delivered it is; after a restart it would be delivered again.
      onFailed('progress', error)
    }
  }

  async function run(lane: Lane): Promise<void> {
    const { witness, queue } = lane
    while (!stop.signal.aborted) {
      const pending = queue.next(performance.now())
      if (!pending) {
        await lane.rest(queue.waitMs(performance.now()), stop.signal)
        continue
      }
      try {
        await deliver(lane, pending)
      } catch (error) {
        queue.failed(pending, performance.now())
        onFailed(witness.name, error)
      }
    }
  }

  const running = witnesses.length === 0 ? [] : [scanAgainAndAgain(), ...lanes.map(run)]
  return {
    notify(log, size) {
      const admission = admit(log, size)
        .catch((error: unknown) => onFailed('progress', error))
        .finally(() => admissions.delete(admission))
      admissions.add(admission)
    },
    backlog: () => worstOf(lanes, clock.nowMicros()),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.all([...running, ...admissions])
    },
  }
}

interface Lane {
  readonly witness: Witness
  readonly queue: AnchorQueue
  readonly wake: () => void
  /** Until the time is over, it is woken or everything ends. */
  readonly rest: (ms: number, stop: AbortSignal) => Promise<void>
}

function createLane(witness: Witness, backoff: Backoff): Lane {
  let alarm = new AbortController()
  return {
    witness,
    queue: createAnchorQueue(backoff, witness.everyMs ?? 0),
    wake: () => alarm.abort(),
    rest: async (ms, stop) => {
      // Woken between the look at the queue and here: nothing awaits there, so this cannot be.
      alarm = new AbortController()
      await sleep(Math.min(ms, HOUR_MS), AbortSignal.any([stop, alarm.signal]))
    },
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

function worstOf(lanes: readonly Lane[], nowMicros: bigint): AnchoringBacklog {
  const witnesses = lanes.map(({ witness, queue }) => ({
    witness: witness.name,
    ...queue.backlog(nowMicros),
  }))
  let unanchoredRecords = 0n
  for (const each of witnesses) {
    if (each.unanchoredRecords > unanchoredRecords) unanchoredRecords = each.unanchoredRecords
  }
  const oldest = witnesses.map((each) => each.oldestUnanchoredSeconds)
  return { unanchoredRecords, oldestUnanchoredSeconds: Math.max(0, ...oldest), witnesses }
}

function behind(): AppError {
  return new AppError('CONFLICT', 'the checkpoint store is behind what was taken from it before')
}

function assertNames(witnesses: readonly Witness[]): void {
  const names = witnesses.map(({ name }) => name)
  const wrong = names.find((name) => !NAME.test(name) || RESERVED.includes(name))
  if (wrong !== undefined) throw new TypeError('the name of a witness is not a lower-case word')
  if (new Set(names).size !== names.length) throw new TypeError('two witnesses have one name')
}
