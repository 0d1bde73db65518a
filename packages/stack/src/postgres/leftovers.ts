import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { commandOf, isRunning, processesIn, signalProcess, waitUntil } from '../processes.js'

const STOP_MS = 10_000

/**
 * Makes a data folder startable after anything that happened to its last server: one that outlived
 * its launcher is stopped, backends of a killed one are waited for, and a pid file whose number now
 * belongs to another program, or to one not reaped yet, is removed (PostgreSQL itself only looks
 * whether the number is in use).
 */
export async function clearLeftovers(directory: string): Promise<void> {
  const pidFile = join(directory, 'postmaster.pid')
  const pid = await readPid(pidFile)
  if (pid !== undefined && isServerOf(pid, directory)) {
    signalProcess(pid, 'SIGINT')
    if (!(await waitUntil(() => !isRunning(pid), STOP_MS))) signalProcess(pid, 'SIGKILL')
  }
  const gone = await waitUntil(() => processesIn(directory).length === 0, STOP_MS, 50)
  if (!gone) for (const left of processesIn(directory)) signalProcess(left, 'SIGKILL')
  await waitUntil(() => processesIn(directory).length === 0, STOP_MS, 50)
  if (existsSync(pidFile)) await rm(pidFile, { force: true })
}

async function readPid(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
}

function isServerOf(pid: number, directory: string): boolean {
  const command = commandOf(pid)
  return isRunning(pid) && command.includes('postgres') && command.includes(directory)
}
