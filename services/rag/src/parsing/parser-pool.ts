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
  /** Of the embedding model in whose tokens passages are measured; estimated without one. */
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
    const timeout = AbortSignal.timeout(this.#limits.timeoutMs)
    using memory = new MemoryWatch(mib(this.#limits.memoryMb) + OTHERS_BYTES)
    const outcome = await this.#pool
      .run(file, {
        signal: AbortSignal.any([signal, timeout, memory.signal]),
        transferList: transferable(file.bytes),
      })
      .catch(async (error: unknown) => {
        signal.throwIfAborted()
        throw await this.#whyEnded(error, timeout, memory)
      })
    if ('fault' in outcome) throw new AppError('INVALID_INPUT', outcome.fault)
    return outcome.parsed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy()
  }

  async #whyEnded(cause: unknown, timeout: AbortSignal, memory: MemoryWatch): Promise<AppError> {
    const { timeoutMs, memoryMb } = this.#limits
    if (timeout.aborted) {
      const detail = `the document takes longer than ${timeoutMs / 1_000} s to read; split it`
      return new AppError('INVALID_INPUT', detail, { cause })
    }
    if (isOutOfHeap(cause) || (memory.signal.aborted && (await memory.cameBack()))) {
      const detail = `the document takes more than ${memoryMb} MiB of memory to read; split it`
      return new AppError('INVALID_INPUT', detail, { cause })
    }
    return new AppError('UNAVAILABLE', 'the document could not be read now', { cause })
  }
}

function isOutOfHeap(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
}

/** Bytes that have a buffer to themselves are handed over, others are copied. */
function transferable({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}
