import { readFileSync } from 'node:fs'

/** Port from the first lines of a service's log. Throws when it ends before it listens. */
export async function listeningPort(lines: AsyncIterable<string>): Promise<number> {
  for await (const line of lines) {
    const entry = JSON.parse(line) as { message?: string; port?: number }
    if (entry.message === 'listening' && entry.port !== undefined) return entry.port
  }
  throw new Error('the service ended before it listened')
}

/** What a process holds in memory, as the system sees it, in MiB; NaN when it is gone. */
export function residentMb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024
}

/** The kernel counts a process's time in these, whatever its own clock runs at: proc_pid_stat(5). */
const TICKS_PER_SECOND = 100

/** Time a process has spent on a processor, all threads together, in milliseconds; NaN when it is gone. */
export function processorMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8')
  // After the name, which may itself hold spaces and brackets: utime is the 14th field, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND
}
