import { writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { isRunning, signalProcess, startTimeOf, waitUntil } from '../processes.js'

/** How long services take to notice that their launcher is gone, and to drain. */
const LIFELINE_MS = 13_000

interface Entry {
  readonly pid: number
  /** With the pid it names one process of this machine, also after the number was used again. */
  readonly startTime: string
}

/** Which processes belong to a data folder, on disk, so that the next start can find what a kill -9 left. */
export class RunRecord {
  readonly #entries: Record<string, Entry> = {}

  constructor(readonly path: string) {}

  add(name: string, pid: number): void {
    this.#entries[name] = { pid, startTime: startTimeOf(pid) }
    // Synchronous: between a start and its record no other start may be recorded over it.
    writeFileSync(this.path, JSON.stringify(this.#entries), { mode: 0o600 })
  }

  async clear(): Promise<void> {
    await rm(this.path, { force: true })
  }
}

/** Waits for the processes of an earlier run, which stop when their launcher dies; kills what does not. */
export async function clearEarlierRun(path: string, say: (line: string) => void): Promise<void> {
  // PostgreSQL knows its own leftovers, and SIGTERM would make it wait for its clients.
  const { postgres: _, ...others } = await readRunRecord(path)
  const entries = Object.values(others)
  const left = (): Entry[] => entries.filter(isSame)
  if (left().length > 0) {
    say('Waiting for the processes of an earlier start to end')
    for (const { pid } of left()) signalProcess(pid, 'SIGTERM')
    await waitUntil(() => left().length === 0, LIFELINE_MS, 100)
    for (const { pid } of left()) signalProcess(pid, 'SIGKILL')
    await waitUntil(() => left().length === 0, LIFELINE_MS, 100)
  }
  await rm(path, { force: true })
}

/** The record of a run; nothing when there is none, or when a crash left half of it. */
export async function readRunRecord(path: string): Promise<Readonly<Record<string, Entry>>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, Entry>
  } catch {
    return {}
  }
}

function isSame({ pid, startTime }: Entry): boolean {
  return Number.isSafeInteger(pid) && pid > 1 && isRunning(pid) && startTimeOf(pid) === startTime
}
