import { AppError } from '@lexcustis/core'
import { type EmbedderOptions, ModelError, type OnnxEmbedder, openEmbedder } from '@lexcustis/onnx'
import { ConfigError } from '@lexcustis/runtime'
import type { Embedder } from '../domain/embedder.js'

export interface EmbeddingSettings extends Omit<EmbedderOptions, 'modelDirectory'> {
  /** The service does not start when the model that is configured cannot be used. */
  readonly isRequired: boolean
}

export interface EmbeddingState {
  readonly isReady: boolean
  /** For the operator: name of the model, or what is missing and what to do. */
  readonly detail: string
}

const BM25_ONLY = 'retrieval is BM25 only'

/** The embedding model of this service, which may be absent, loading or broken. */
export class EmbeddingModel implements AsyncDisposable {
  readonly #opened: OnnxEmbedder | undefined
  readonly #problem: string

  private constructor(opened: OnnxEmbedder | undefined, problem: string) {
    this.#opened = opened
    this.#problem = problem
  }

  /**
   * Opens the model and loads it: before this returns when it is required, otherwise in the background.
   * Throws ConfigError when it is required and cannot be used.
   */
  static async open(
    modelDirectory: string | undefined,
    { isRequired, ...options }: EmbeddingSettings,
  ): Promise<EmbeddingModel> {
    if (modelDirectory === undefined) {
      return new EmbeddingModel(undefined, 'no embedding model (RAG_MODEL_DIR is not set)')
    }
    let opened: OnnxEmbedder | undefined
    try {
      opened = await openEmbedder({ modelDirectory, ...options })
      const loaded = opened.warmUp()
      if (isRequired) await loaded
      // How it ended shows in `state`, and in every call.
      else loaded.catch(() => undefined)
      return new EmbeddingModel(opened, '')
    } catch (error) {
      await opened?.[Symbol.asyncDispose]()
      if (!(error instanceof ModelError)) throw error
      if (isRequired) throw unusable(error)
      return new EmbeddingModel(undefined, `the embedding model cannot be used: ${error.message}`)
    }
  }

  /** For passages: waits until the model is loaded. */
  get forPassages(): Embedder | undefined {
    return this.#opened
  }

  /** For questions: UNAVAILABLE at once while the model is not loaded. */
  get forQuestions(): Embedder | undefined {
    const opened = this.#opened
    return (
      opened && {
        model: opened.model,
        dimensions: opened.dimensions,
        embed: async (texts, signal) => {
          if (opened.state !== 'ready') {
            // A call is what starts a model again that failed; nobody waits for it.
            if (opened.state === 'failed') void opened.warmUp().catch(() => undefined)
            throw new AppError('UNAVAILABLE', 'the embedding model is not loaded')
          }
          return opened.embed(texts, signal)
        },
      }
    )
  }

  state(): EmbeddingState {
    const opened = this.#opened
    if (!opened) return { isReady: false, detail: `${this.#problem}: ${BM25_ONLY}` }
    switch (opened.state) {
      case 'ready':
        return { isReady: true, detail: `${opened.model}, ${opened.dimensions} dimensions` }
      case 'failed':
        return {
          isReady: false,
          detail: `the embedding model failed: ${opened.failure?.message ?? 'unknown'}; it is started again at the next call: ${BM25_ONLY} until then`,
        }
      case 'idle':
      case 'loading':
        return { isReady: false, detail: `${opened.model} is loading: ${BM25_ONLY} until then` }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.[Symbol.asyncDispose]()
  }
}

function unusable(error: ModelError): ConfigError {
  return new ConfigError([
    {
      name: 'RAG_MODEL_DIR',
      problem: `names a model that cannot be used: ${error.message}`,
      fix: 'fetch it with npm run models:pull, or remove the setting to search without a model',
    },
  ])
}
