/** Learned weights of the tokens that occur in a text, by token id, ascending. */
export interface SparseWeights {
  readonly indices: readonly number[]
  /** Greater than zero, one per index. */
  readonly values: readonly number[]
}

/** What a text means to the embedding model. */
export interface Embedding {
  /** Of length one (L2). */
  readonly dense: Float32Array
  /** Undefined when the model has no such output. */
  readonly sparse: SparseWeights | undefined
}

/** Turns texts into embeddings; `@lexcustis/onnx` has the one that runs here. */
export interface Embedder {
  /** Name and digest of the model: embeddings of two models are not comparable. */
  readonly model: string
  readonly dimensions: number
  /** One embedding per text, in order. UNAVAILABLE when too much waits, CANCELLED by `signal`. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Embedding[]>
}
