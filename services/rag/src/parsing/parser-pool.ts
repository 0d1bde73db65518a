import { fileURLToPath } from 'node:url'
import { AppError } from '@lexcustis/core'
import { Piscina } from 'piscina'
import type { DocumentParser, FileToParse, ParsedDocument } from '../domain/ingest/parser.js'
import type { Outcome } from './parse-worker.js'

export interface ParserLimits {
  /** For one file. */
  readonly timeoutMs: number
  /** Heap of the thread, in MiB. */
  readonly memoryMb: number
}

const IDLE_MS = 30_000
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

  constructor(limits: ParserLimits) {
    this.#limits = limits
    this.#pool = new Piscina({
      filename: WORKER,
      name: 'parse',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      // What the process was started with is not for its threads: tests resolve modules differently.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
    })
    // Each failure reaches whoever waits for the file; this is only told about it as well.
    this.#pool.on('error', () => undefined)
  }

  async parse(file: FileToParse, signal: AbortSignal): Promise<ParsedDocument> {
    const timeout = AbortSignal.timeout(this.#limits.timeoutMs)
    const outcome = await this.#pool
      .run(file, {
        signal: AbortSignal.any([signal, timeout]),
        transferList: transferable(file.bytes),
      })
      .catch((error: unknown) => {
        signal.throwIfAborted()
        throw this.#whyEnded(error, timeout.aborted)
      })
    if ('fault' in outcome)
      throw new AppError('INVALID_INPUT', `the document cannot be used: ${outcome.fault}`)
    return outcome.parsed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy()
  }

  #whyEnded(cause: unknown, isTimeout: boolean): AppError {
    const { timeoutMs, memoryMb } = this.#limits
    if (isTimeout) {
      const detail = `the document takes longer than ${timeoutMs / 1_000} s to read; split it`
      return new AppError('INVALID_INPUT', detail, { cause })
    }
    if ((cause as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const detail = `the document takes more than ${memoryMb} MiB of memory to read; split it`
      return new AppError('INVALID_INPUT', detail, { cause })
    }
    return new AppError('UNAVAILABLE', 'the document could not be read now', { cause })
  }
}

/** Bytes that have a buffer to themselves are handed over, others are copied. */
function transferable({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}
