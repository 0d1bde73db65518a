export type { Embedder, Embedding, SparseWeights } from './embedder.js'
export { ModelError } from './model-error.js'
export {
  type EmbedderOptions,
  type EmbedderState,
  OnnxEmbedder,
  openEmbedder,
} from './onnx-embedder.js'
export { createTokenCounter } from './token-counter.js'
