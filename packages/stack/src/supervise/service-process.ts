import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { waitUntil } from '../processes.js'
import { howItEnded, type Part, type RunningPart } from './part.js'

export interface ServiceProgram {
  readonly name: string
  /** JavaScript file that Node runs. */
  readonly entry: string
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly logFile: string
  /** How long it may take to stop before it is killed. */
  readonly stopMs: number
}

/**
 * One of our services as a process of its own group: a Ctrl-C in the terminal reaches the launcher
 * alone, which stops services in their order. Standard input is the lifeline: it carries nothing,
 * and when it closes, because the launcher is gone, the service stops by itself.
 */
export function servicePart(program: ServiceProgram): Part {
  return { name: program.name, logFile: program.logFile, start: async () => spawnService(program) }
}

async function spawnService({
  entry,
  env,
  cwd,
  logFile,
  stopMs,
}: ServiceProgram): Promise<RunningPart> {
  const log = await open(logFile, 'a', 0o600)
  let child: ChildProcess
  try {
    child = spawn(process.execPath, ['--enable-source-maps', entry], {
      cwd,
      detached: true,
      env: { ...env, LEXCUSTIS_LIFELINE: 'stdin' },
      stdio: ['pipe', log.fd, log.fd],
    })
    await once(child, 'spawn')
  } finally {
    await log.close()
  }
  child.stdin?.on('error', () => undefined)
  const { pid } = child
  if (pid === undefined) throw new Error('a spawned process has a pid')
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(howItEnded(code, signal)))
  })
  const kill = async (): Promise<void> => {
    signalGroup(pid, 'SIGKILL')
    await ended
  }
  return {
    pid,
    ended,
    kill,
    async stop() {
      child.kill('SIGTERM')
      await waitUntil(() => child.exitCode !== null || child.signalCode !== null, stopMs)
      // Also what it may have left behind in its group.
      await kill()
    },
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
