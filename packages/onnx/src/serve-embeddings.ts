import { setImmediate } from 'node:timers/promises'
import type { MessagePort } from 'node:worker_threads'
import { Job, JobQueue } from './job-queue.js'
import { ModelError } from './model-error.js'
import { openModelFolder } from './model-folder.js'
import { ModelSession } from './model-session.js'
import { TextTokenizer } from './tokenizer.js'
import type { FromWorker, ToWorker, WorkerOptions } from './worker-messages.js'

/**
 * Opens a model and answers messages until the port is closed. A model that cannot be used is reported
 * and closes the port, so that the thread ends and its memory goes with it.
 */
export async function serveEmbeddings(port: MessagePort, options: WorkerOptions): Promise<void> {
  const post = (message: FromWorker): void => port.postMessage(message)
  try {
    const folder = await openModelFolder(options.modelDirectory)
    const tokenizer = await TextTokenizer.open(options.modelDirectory)
    const maxTokens = Math.min(options.maxTokens, folder.maxTokens)
    const unknown = tokenizer.unknownId === undefined ? [] : [tokenizer.unknownId]
    const ignored = new Set([folder.padId, tokenizer.startId, tokenizer.endId, ...unknown])
    const open = async (): Promise<ModelSession> => {
      const session = await ModelSession.open(folder, { threads: options.threads, ignored })
      // The first run allocates and is slow; a model that cannot run shows here.
      await session.run([tokenizer.encode('warm-up', maxTokens)])
      return session
    }
    const loop = new JobLoop({
      open,
      encode: (text) => tokenizer.encode(text, maxTokens),
      batchTokens: options.batchTokens,
      post,
      close: () => port.close(),
    })
    port.on('message', (message: ToWorker) => {
      if (message.kind === 'cancel') loop.jobs.remove(message.id)
      if (message.kind === 'embed') loop.jobs.add(new Job(message.id, message.texts))
      loop.wake()
    })
    const { name: model, dimensions } = folder
    post({ kind: 'opened', opened: { model, dimensions, maxTokens } })
  } catch (error) {
    post(unusable(error))
    port.close()
  }
}

/** How many texts are tokenized before messages are read again. */
const TEXTS_A_STEP = 16

interface LoopPorts {
  readonly open: () => Promise<ModelSession>
  readonly encode: (text: string) => readonly number[]
  readonly batchTokens: number
  readonly post: (message: FromWorker) => void
  readonly close: () => void
}

/** Loads the model on first use, and does one step of one call after the other. */
class JobLoop {
  readonly jobs = new JobQueue()
  readonly #ports: LoopPorts
  #session: ModelSession | undefined
  #isRunning = false

  constructor(ports: LoopPorts) {
    this.#ports = ports
  }

  wake(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#run().then(
      () => {
        this.#isRunning = false
      },
      (error: unknown) => {
        this.#ports.post(unusable(error))
        this.#ports.close()
      },
    )
  }

  async #run(): Promise<void> {
    if (!this.#session) {
      this.#session = await this.#ports.open()
      this.#ports.post({ kind: 'loaded' })
    }
    for (let job = this.jobs.next(); job; job = this.jobs.next()) {
      await this.#step(this.#session, job)
      // Messages that came meanwhile are read: a cancelled call ends here, a short one goes first.
      await setImmediate()
    }
  }

  async #step(session: ModelSession, job: Job): Promise<void> {
    try {
      if (job.isTokenized) await job.embed(async (sequences) => session.run(sequences))
      else job.tokenize(this.#ports.encode, TEXTS_A_STEP, this.#ports.batchTokens)
    } catch (error) {
      this.jobs.remove(job.id)
      this.#ports.post({ kind: 'failed', id: job.id, cause: causeOf(error) })
      return
    }
    if (!job.isDone) return
    this.jobs.remove(job.id)
    this.#ports.post({ kind: 'embedded', id: job.id, embeddings: job.embeddings })
  }
}

function unusable(error: unknown): FromWorker {
  const isKnown = error instanceof ModelError
  return {
    kind: 'unusable',
    message: isKnown ? error.message : 'the embedding model cannot be used',
    cause: causeOf(isKnown ? error.cause : error),
  }
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
