export type { Embedder, Embedding, SparseWeights } from './embedder.js'
export { ModelError } from './model-error.js'
export { createTokenCounter } from './token-counter.js'
