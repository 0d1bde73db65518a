import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ReadyInfo } from '../src/index.js'
import { isRunning, waitUntil } from '../src/index.js'

const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url))
export const NAMES = ['audit', 'llm', 'rag', 'compliance', 'gateway']

export interface Noted {
  readonly name: string
  readonly what: string
  readonly pid: number
}

/** A checkout of fake services, started as `npm start` starts the real ones. */
export class FakeCheckout {
  readonly dataDir: string
  readonly #journal: string
  readonly #children: ChildProcess[] = []

  private constructor(readonly root: string) {
    this.dataDir = join(root, '.lexcustis')
    this.#journal = join(root, 'journal')
  }

  /** Open to other users, as a clone usually is, or a folder of its owner alone. */
  static async create(mode = 0o755): Promise<FakeCheckout> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'lexcustis-checkout-')))
    await chmod(root, mode)
    for (const name of NAMES) {
      await mkdir(join(root, 'services', name, 'dist'), { recursive: true })
      const entry = join(root, 'services', name, 'dist/main.js')
      await copyFile(join(FIXTURES, 'fake-service.mjs'), entry)
    }
    // The copies are ES modules because of this file.
    await copyFile(
      fileURLToPath(new URL('../package.json', import.meta.url)),
      join(root, 'package.json'),
    )
    return new FakeCheckout(root)
  }

  start(env: Readonly<Record<string, string>> = {}): Run {
    const journals = NAMES.map((name) => [`${name.toUpperCase()}_FAKE_JOURNAL`, this.#journal])
    const child = spawn(process.execPath, [join(FIXTURES, 'launch.mjs'), this.root], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        LEXCUSTIS_PORTS: 'auto',
        ...(Object.fromEntries(journals) as Record<string, string>),
        ...env,
      },
    })
    this.#children.push(child)
    return new Run(child)
  }

  /** What the fake services noted, oldest first. */
  journal(): Noted[] {
    const text = readFileSync(this.#journal, 'utf8').trim()
    return text.split('\n').map((line) => JSON.parse(line) as Noted)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.kill('SIGTERM')
      await waitUntil(() => child.exitCode !== null || child.signalCode !== null, 30_000)
    }
    await rm(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 })
  }
}

/** One start. */
export class Run {
  stdout = ''
  stderr = ''
  readonly exit: Promise<number | string>

  constructor(readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk) => (this.stdout += String(chunk)))
    process.stderr?.on('data', (chunk) => (this.stderr += String(chunk)))
    this.exit = new Promise((resolve) => {
      process.once('close', (code, signal) => resolve(signal ?? code ?? 0))
    })
  }

  async ready(): Promise<ReadyInfo> {
    const ended = (): boolean => this.process.exitCode !== null || this.process.signalCode !== null
    await waitUntil(() => this.stdout.includes('\n') || ended(), 60_000)
    const line = /^LEXCUSTIS_READY (.*)\n$/.exec(this.stdout)?.[1]
    if (line === undefined) throw new Error(`did not become ready: ${this.stderr}`)
    return JSON.parse(line) as ReadyInfo
  }

  /** Waits for the end and returns the error line; fails when there is not exactly one. */
  async failure(): Promise<{ code: string; hint: string; [detail: string]: unknown }> {
    const code = await this.exit
    const lines = this.stderr.split('\n').filter((line) => line.startsWith('LEXCUSTIS_ERROR '))
    if (code !== 1 || lines.length !== 1) throw new Error(`exit ${code}: ${this.stderr}`)
    return JSON.parse((lines[0] ?? '').slice('LEXCUSTIS_ERROR '.length)) as {
      code: string
      hint: string
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.process.kill(signal)
    return this.exit
  }
}

/** Every process of a ready line that still runs. */
export function alive(ready: ReadyInfo): number[] {
  const pids = [...ready.services, ready.postgres, ...(ready.redis ? [ready.redis] : [])]
  return pids.map(({ pid }) => pid).filter(isRunning)
}
