import type { Embedding } from './embedder.js'

/** What a worker is started with. */
export interface WorkerOptions {
  readonly modelDirectory: string
  /** Tokens of a text that are read at most; the model may read fewer. */
  readonly maxTokens: number
  /** Tokens of one run, padding included. */
  readonly batchTokens: number
  readonly threads: number
}

export interface OpenedModel {
  readonly model: string
  readonly dimensions: number
  readonly maxTokens: number
}

export type ToWorker =
  | { readonly kind: 'load' }
  | { readonly kind: 'embed'; readonly id: number; readonly texts: readonly string[] }
  | { readonly kind: 'cancel'; readonly id: number }

export type FromWorker =
  | { readonly kind: 'opened'; readonly opened: OpenedModel }
  | { readonly kind: 'loaded' }
  /** The model cannot be used; the worker ends. */
  | { readonly kind: 'unusable'; readonly message: string; readonly cause: string }
  | { readonly kind: 'embedded'; readonly id: number; readonly embeddings: readonly Embedding[] }
  | { readonly kind: 'failed'; readonly id: number; readonly cause: string }
