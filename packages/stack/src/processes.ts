import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * Whether a process runs. One that has ended but was not reaped yet still answers signals (a container
 * without an init keeps such pids for long) and does not count.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return !['Z', 'X'].includes(stateOf(pid))
}

function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  } catch {
    return ps(pid, 'stat').slice(0, 1)
  }
}

/** The command line of a process, '' when there is none. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ps(pid, 'command')
  }
}

/** When a process started, in the system's own unit; '' when there is none. */
export function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22 of proc(5); the second field may hold blanks and ends at the last bracket.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ps(pid, 'lstart')
  }
}

/** Pids whose working folder is the given one: PostgreSQL and its backends work in their data folder. */
export function processesIn(directory: string): number[] {
  if (!existsSync('/proc/self/cwd')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isIn(pid, directory) && isRunning(pid))
}

function isIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === directory
  } catch {
    return false
  }
}

function ps(pid: number, column: string): string {
  try {
    const args = ['-o', `${column}=`, '-p', String(pid)]
    return execFileSync('ps', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return ''
  }
}

/** Signals a process that may be gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until a condition holds; false when it did not in time. */
export async function waitUntil(
  holds: () => boolean,
  timeoutMs: number,
  everyMs = 25,
): Promise<boolean> {
  const endsAt = performance.now() + timeoutMs
  while (!holds()) {
    if (performance.now() >= endsAt) return false
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return true
}
