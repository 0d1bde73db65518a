/** Sizes of a small XLM-RoBERTa; the names are those of its config.json. */
export const TINY_CONFIG = {
  _name_or_path: 'lexcustis/tiny-embedder',
  architectures: ['XLMRobertaModel'],
  model_type: 'xlm-roberta',
  hidden_size: 32,
  num_attention_heads: 4,
  num_hidden_layers: 2,
  intermediate_size: 64,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-5,
  max_position_embeddings: 98,
  type_vocab_size: 1,
  pad_token_id: 1,
  bos_token_id: 0,
  eos_token_id: 2,
} as const

export interface Matrix {
  readonly shape: readonly number[]
  /** Row by row. */
  readonly values: Float32Array
}

/** By the names that PyTorch gives the parameters; linear layers are stored as [in, out]. */
export type Weights = Readonly<Record<string, Matrix>>

/** Numbers of a seeded generator (mulberry32): the same on every machine. */
export function createWeights(vocabularySize: number, seed = 20_260_802): Weights {
  const { hidden_size: hidden, intermediate_size: inner } = TINY_CONFIG
  const random = mulberry32(seed)
  const weights: Record<string, Matrix> = {}
  const add = (name: string, shape: readonly number[], scale: number, offset = 0): void => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
    for (let at = 0; at < values.length; at++) values[at] = offset + scale * (2 * random() - 1)
    weights[name] = { shape, values }
  }
  const linear = (name: string, from: number, to: number): void => {
    add(`${name}.weight`, [from, to], 0.35)
    add(`${name}.bias`, [to], 0.1)
  }
  const norm = (name: string): void => {
    add(`${name}.weight`, [hidden], 0.3, 1)
    add(`${name}.bias`, [hidden], 0.2)
  }
  add('embeddings.word', [vocabularySize, hidden], 1)
  add('embeddings.position', [TINY_CONFIG.max_position_embeddings, hidden], 0.5)
  add('embeddings.type', [1, hidden], 0.5)
  norm('embeddings.norm')
  for (let layer = 0; layer < TINY_CONFIG.num_hidden_layers; layer++) {
    for (const part of ['query', 'key', 'value', 'output']) {
      linear(`layer.${layer}.attention.${part}`, hidden, hidden)
    }
    norm(`layer.${layer}.attention.norm`)
    linear(`layer.${layer}.inner`, hidden, inner)
    linear(`layer.${layer}.outer`, inner, hidden)
    norm(`layer.${layer}.norm`)
  }
  linear('sparse', hidden, 1)
  return weights
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
