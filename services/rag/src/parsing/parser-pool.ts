import { fileURLToPath } from 'node:url'
import { AppError, mib } from '@lexcustis/core'
import { Piscina } from 'piscina'
import type { DocumentParser, FileToParse, ParsedDocument } from '../domain/ingest/parser.js'
import { MemoryWatch } from './memory-watch.js'
import type { Outcome, WorkerSettings } from './parse-worker.js'

export interface ParserLimits {
  /** For one file. */
  readonly timeoutMs: number
  /** Of the thread, in MiB: of its heap, and of what the process may grow by meanwhile. */
  readonly memoryMb: number
}

export interface ParserOptions extends ParserLimits {
  /** Of the embedding model whose tokens passages are measured in; estimated without one that works. */
  readonly modelDirectory?: string | undefined
}

const IDLE_MS = 30_000
/** What the rest of the process may take while a file is read: uploads, searches. */
const OTHERS_BYTES = mib(256)
/** Tests run from the sources, a thread always from what was built. */
const WORKER = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/parsing/parse-worker.js' : './parse-worker.js',
    import.meta.url,
  ),
)

/**
 * Reads files in a thread of their own, one at a time: a file that takes too long or too much memory
 * ends its thread and nothing else.
 */
export class ParserPool implements DocumentParser, AsyncDisposable {
  readonly #pool: Piscina<FileToParse, Outcome>
  readonly #limits: ParserLimits

  constructor({ modelDirectory, ...limits }: ParserOptions) {
    this.#limits = limits
    this.#pool = new Piscina({
      filename: WORKER,
      name: 'parse',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      workerData: { modelDirectory } satisfies WorkerSettings,
      // What the process was started with is not for its threads: tests resolve modules differently.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
    })
    // Each failure reaches whoever waits for the file; this is only told about it as well.
    this.#pool.on('error', () => undefined)
  }

  async parse(file: FileToParse, signal: AbortSignal): Promise<ParsedDocument> {
    // Something else may have grown meanwhile, like a model being loaded: a second time decides.
    const outcome = (await this.#attempt(file, signal)) ?? (await this.#attempt(file, signal))
    if (!outcome) throw this.#tooLarge()
    if ('fault' in outcome) throw new AppError('INVALID_INPUT', outcome.fault)
    return outcome.parsed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy()
  }

  /** Undefined when the process grew too large. */
  async #attempt(file: FileToParse, signal: AbortSignal): Promise<Outcome | undefined> {
    const timeout = AbortSignal.timeout(this.#limits.timeoutMs)
    using memory = new MemoryWatch(mib(this.#limits.memoryMb) + OTHERS_BYTES)
    try {
      const ends = AbortSignal.any([signal, timeout, memory.signal])
      return await this.#pool.run(file, { signal: ends })
    } catch (cause) {
      signal.throwIfAborted()
      if (timeout.aborted) throw this.#tooSlow(cause)
      if (isOutOfHeap(cause)) throw this.#tooLarge(cause)
      if (memory.signal.aborted) return undefined
      throw new AppError('UNAVAILABLE', 'the document could not be read now', { cause })
    }
  }

  #tooSlow(cause: unknown): AppError {
    const seconds = this.#limits.timeoutMs / 1_000
    const detail = `the document takes longer than ${seconds} s to read; split it`
    return new AppError('INVALID_INPUT', detail, { cause })
  }

  #tooLarge(cause?: unknown): AppError {
    const detail = `the document takes more than ${this.#limits.memoryMb} MiB of memory to read; split it`
    return new AppError('INVALID_INPUT', detail, { cause })
  }
}

function isOutOfHeap(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
}
