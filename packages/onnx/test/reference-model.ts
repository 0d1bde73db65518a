import { TINY_CONFIG, type TinyWeights } from '@lexcustis/testing'

// The arithmetic of an XLM-RoBERTa encoder with the heads of BGE-M3, in loops over 64-bit floats, from
// the definitions of its layers: attention and feed-forward as in Vaswani et al. (arXiv 1706.03762,
// sections 3.2 and 3.3), post-layer normalisation (Ba et al., arXiv 1607.06450), GELU with erf
// (Hendrycks and Gimpel, arXiv 1606.08415), heads as in arXiv 2402.03216. It shares nothing with the
// ONNX file but the weights.

type Vector = number[]

export interface Reference {
  /** One vector per token. */
  readonly hidden: Vector[]
  /** Of length one. */
  readonly dense: Vector
  /** Per token, not below zero. */
  readonly tokenWeights: Vector
}

export function referenceModel(weights: TinyWeights, ids: readonly number[]): Reference {
  let states = ids.map((id, at) => {
    const place = TINY_CONFIG.pad_token_id + 1 + at
    const sum = row(weights, 'embeddings.word', id).map(
      (value, i) =>
        value +
        row(weights, 'embeddings.type', 0)[i]! +
        row(weights, 'embeddings.position', place)[i]!,
    )
    return layerNorm(weights, 'embeddings.norm', sum)
  })
  for (let layer = 0; layer < TINY_CONFIG.num_hidden_layers; layer++) {
    states = encoderLayer(weights, `layer.${layer}`, states)
  }
  const first = states[0]!
  const length = Math.sqrt(first.reduce((sum, value) => sum + value * value, 0))
  return {
    hidden: states,
    dense: first.map((value) => value / length),
    tokenWeights: states.map((state) => Math.max(0, affine(weights, 'sparse', state)[0]!)),
  }
}

function encoderLayer(weights: TinyWeights, name: string, states: Vector[]): Vector[] {
  const attended = attention(weights, `${name}.attention`, states)
  return states.map((state, at) => {
    const summed = add(state, affine(weights, `${name}.attention.output`, attended[at]!))
    const between = layerNorm(weights, `${name}.attention.norm`, summed)
    const inner = affine(weights, `${name}.inner`, between).map(gelu)
    return layerNorm(weights, `${name}.norm`, add(between, affine(weights, `${name}.outer`, inner)))
  })
}

function attention(weights: TinyWeights, name: string, states: Vector[]): Vector[] {
  const [queries, keys, values] = ['query', 'key', 'value'].map((part) =>
    states.map((state) => affine(weights, `${name}.${part}`, state)),
  ) as [Vector[], Vector[], Vector[]]
  const size = TINY_CONFIG.hidden_size / TINY_CONFIG.num_attention_heads
  return queries.map((query) => {
    const result: Vector = []
    for (let from = 0; from < query.length; from += size) {
      const scores = keys.map((key) => {
        let dot = 0
        for (let i = from; i < from + size; i++) dot += query[i]! * key[i]!
        return dot / Math.sqrt(size)
      })
      const highest = Math.max(...scores)
      const raised = scores.map((score) => Math.exp(score - highest))
      const total = raised.reduce((sum, value) => sum + value, 0)
      for (let i = from; i < from + size; i++) {
        let mixed = 0
        for (let at = 0; at < values.length; at++) mixed += (raised[at]! / total) * values[at]![i]!
        result.push(mixed)
      }
    }
    return result
  })
}

function layerNorm(weights: TinyWeights, name: string, input: Vector): Vector {
  const mean = input.reduce((sum, value) => sum + value, 0) / input.length
  const variance = input.reduce((sum, value) => sum + (value - mean) ** 2, 0) / input.length
  const scale = weights[`${name}.weight`]!.values
  const offset = weights[`${name}.bias`]!.values
  const deviation = Math.sqrt(variance + TINY_CONFIG.layer_norm_eps)
  return input.map((value, i) => ((value - mean) / deviation) * scale[i]! + offset[i]!)
}

function affine(weights: TinyWeights, name: string, input: Vector): Vector {
  const { shape, values } = weights[`${name}.weight`]!
  const width = shape[1]!
  const output = Array.from(weights[`${name}.bias`]!.values)
  for (const [i, value] of input.entries()) {
    for (let j = 0; j < width; j++) output[j]! += value * values[i * width + j]!
  }
  return output
}

function row(weights: TinyWeights, name: string, at: number): Vector {
  const { shape, values } = weights[name]!
  return Array.from(values.subarray(at * shape[1]!, (at + 1) * shape[1]!))
}

function add(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]!)
}

function gelu(x: number): number {
  return (x / 2) * (1 + erf(x / Math.SQRT2))
}

/** Maclaurin series (DLMF 7.6.1); beyond 5 it differs from 1 by less than 1e-11. */
export function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}
