import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createInterface } from 'node:readline'
import { rolldown } from 'rolldown'
import type { AppendInput } from '../../src/domain/draft.js'
import { defer } from './deferred.js'
import type { Command, ReplicaOrder } from './replica.js'
import type { Answer, Scenario } from './scenario.js'

export interface ReplicaProgram extends AsyncDisposable {
  start(order: ReplicaOrder): Promise<ReplicaProcess>
}

export interface ReplicaProcess extends AsyncDisposable {
  /** What it said of records that were asked for, in order. */
  readonly answers: readonly Answer[]
  /** Codes of divergence that it reported. */
  readonly diverged: readonly string[]
  /** Plays to the end; the names of all calls, or undefined when the process ended before. */
  play(scenario: Scenario): Promise<readonly string[] | undefined>
  /** Refused with GONE when the process ends without an answer. */
  ask(organizationId: string, input: AppendInput): Promise<Answer>
  /** Resolves when the process is about to stop itself. */
  readonly stopping: Promise<string>
  signal(signal: NodeJS.Signals): void
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>
}

/** Bundles the replica, so that it starts from the sources of today in a fraction of a second. */
export async function buildReplica(): Promise<ReplicaProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'lexcustis-replica-'))
  const program = join(folder, 'replica.mjs')
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'replica.ts'),
    platform: 'node',
    resolve: { conditionNames: ['lexcustis-source', 'node'] },
    plugins: [
      {
        // Files are found beside the source that names them.
        name: 'where-it-was',
        transform: (code, id) =>
          code.includes('import.meta.url')
            ? code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
            : undefined,
      },
    ],
  })
  await bundle.write({ file: program, format: 'esm' })
  const running = new Set<ReplicaProcess>()
  return {
    start: async (order) => {
      const replica = await start(program, order)
      running.add(replica)
      return replica
    },
    [Symbol.asyncDispose]: async () => {
      for (const replica of running) await replica[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function start(program: string, order: ReplicaOrder): Promise<ReplicaProcess> {
  const child = fork(program, [JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null)
  const heard = listen(child)
  void ended.then(heard.end)
  await Promise.race([heard.ready, ended])
  const send = (command: Command): void => void child.send(command, () => undefined)
  return {
    answers: heard.answers,
    diverged: heard.diverged,
    stopping: heard.stopping,
    ended,
    play: async (scenario) => {
      send({ play: scenario })
      return heard.played
    },
    ask: async (organizationId, input) => {
      const answer = heard.answerTo(input.id)
      send({ append: input, organizationId })
      return answer
    },
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

type Line =
  | { readonly id: string; readonly sequence: string; readonly leaf: string }
  | { readonly id: string; readonly refused: string }
  | { readonly made: readonly string[] }
  | { readonly stopping: string }
  | { readonly diverged: string }
  | { readonly ready: number }

function listen(child: ChildProcess) {
  const answers: Answer[] = []
  const diverged: string[] = []
  const waiting = new Map<string, (answer: Answer) => void>()
  const [ready, played, stopping] = [
    defer<undefined>(),
    defer<readonly string[] | undefined>(),
    defer<string>(),
  ]
  const take = (answer: Answer): void => {
    answers.push(answer)
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  }
  const hear = (line: Line): void => {
    if ('sequence' in line) take({ ...line, sequence: BigInt(line.sequence) })
    else if ('refused' in line) take(line)
    else if ('made' in line) played.resolve(line.made)
    else if ('stopping' in line) stopping.resolve(line.stopping)
    else if ('diverged' in line) diverged.push(line.diverged)
    else ready.resolve(undefined)
  }
  if (!child.stdout) throw new Error('the replica has no output')
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (text) => hear(JSON.parse(text) as Line))
  const drained = once(lines, 'close')
  let isOver = false
  return {
    answers,
    diverged,
    ready: ready.promise,
    stopping: stopping.promise,
    played: played.promise,
    answerTo: async (id: string) =>
      new Promise<Answer>((resolve) => {
        if (isOver) resolve({ id, refused: 'GONE' })
        else waiting.set(id, resolve)
      }),
    /** What it wrote before it ended is heard first. */
    end: async () => {
      await drained
      isOver = true
      played.resolve(undefined)
      for (const [id, resolve] of waiting) resolve({ id, refused: 'GONE' })
      waiting.clear()
    },
  }
}
