export type { Embedder, Embedding, SparseWeights } from './embedder.js'
