import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { diskFull, StackFailure } from '../failure.js'
import type { Part, RunningPart } from './part.js'

const RESTARTS = 3
const WINDOW_MS = 60_000
const FIRST_DELAY_MS = 100
const LAST_WORDS_LENGTH = 300

export interface KeeperOptions {
  /** One line for the person who watches. */
  readonly say: (line: string) => void
  /** It died too often, or can no longer be started: everything has to stop. */
  readonly giveUp: (failure: StackFailure) => void
  /** Called after every start, the first included. */
  readonly started?: (name: string, running: RunningPart) => void
}

/** Keeps one part running: what dies is started again, three times a minute. */
export class Keeper {
  readonly #restarts: number[] = []
  #running: RunningPart | undefined
  #restarting: Promise<void> | undefined
  #isStopping = false

  constructor(
    readonly part: Part,
    readonly options: KeeperOptions,
  ) {}

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#running?.pid
  }

  async start(): Promise<void> {
    const running = await this.part.start()
    this.#running = running
    this.options.started?.(this.part.name, running)
    void running.ended.then((how) => {
      if (!this.#isStopping) this.#restarting = this.#restart(how)
    })
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    // A restart that is under way ends first: otherwise its process would be nobody's.
    await this.#restarting
    await this.#running?.stop()
  }

  async kill(): Promise<void> {
    this.#isStopping = true
    await this.#running?.kill()
  }

  async #restart(how: string): Promise<void> {
    const { name, logFile } = this.part
    let reason = how
    for (;;) {
      const attempt = this.#countAttempt()
      if (attempt > RESTARTS) {
        this.options.giveUp(await childDied(name, reason, logFile))
        return
      }
      this.options.say(
        `${name} ended (${reason}); starting it again (${attempt} of ${RESTARTS} in a minute)`,
      )
      await new Promise((resolve) => setTimeout(resolve, FIRST_DELAY_MS * 2 ** (attempt - 1)))
      if (this.#isStopping) return
      try {
        await this.start()
        return
      } catch (error) {
        if (error instanceof StackFailure && error.code === 'DISK_FULL') {
          this.options.giveUp(error)
          return
        }
        reason = error instanceof Error ? error.message : 'did not start'
      }
    }
  }

  /** Which restart of the last minute this is, from 1. */
  #countAttempt(): number {
    const now = performance.now()
    while (this.#restarts[0] !== undefined && this.#restarts[0] < now - WINDOW_MS)
      this.#restarts.shift()
    return this.#restarts.push(now)
  }
}

/** The failure of a part that cannot be kept running, with the last thing it said. */
export async function childDied(name: string, how: string, logFile: string): Promise<StackFailure> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-20)
  const text = lines.join('\n')
  if (/EADDRINUSE|address already in use/i.test(text)) {
    return new StackFailure(
      'PORT_BUSY',
      `A port of ${name} is in use by another program; stop it, or set LEXCUSTIS_PORTS=auto.`,
      { child: name, log: logFile },
    )
  }
  if (/ENOSPC|No space left on device/.test(text)) return diskFull(dirname(dirname(logFile)))
  const words = lastWords(lines)
  const said = words === '' ? '' : ` Its last words: ${words}.`
  return new StackFailure(
    'CHILD_DIED',
    `${name} does not stay up (${how}); ${logFile} says why.${said}`,
    { child: name, log: logFile },
  )
}

/** One sentence for people out of the end of a log: an error if there is one, else the last line. */
function lastWords(lines: readonly string[]): string {
  const plain = lines.filter((line) => line.trim() !== '' && !/^(\{|\s+at |Node\.js v)/.test(line))
  const words = plain.findLast((line) => /(?:error|fatal|panic)\b.*:/i.test(line)) ?? plain.at(-1)
  return (words ?? '').trim().slice(0, LAST_WORDS_LENGTH).replace(/\.$/, '')
}
