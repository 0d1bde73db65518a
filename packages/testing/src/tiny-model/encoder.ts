import { GraphBuilder, tensor } from './graph.js'
import { encodeModel, FLOAT, INT64 } from './onnx-proto.js'
import { TINY_CONFIG, type Weights } from './weights.js'

/** Outputs under the names that exporters use. */
export const OUTPUTS = [
  'last_hidden_state',
  'sentence_embedding',
  'dense_vecs',
  'sparse_vecs',
] as const
export type TinyOutput = (typeof OUTPUTS)[number]

export interface TinyGraph {
  readonly model: Buffer
  /** Weights kept beside the graph; undefined when they are in it. */
  readonly data: Buffer | undefined
}

const { hidden_size: HIDDEN, num_attention_heads: HEADS, layer_norm_eps: EPSILON } = TINY_CONFIG

/** An encoder shaped as XLM-RoBERTa (Conneau et al., arXiv 1911.02116) as an ONNX file, opset 17. */
export function buildGraph(
  weights: Weights,
  outputs: readonly TinyOutput[],
  externalLocation?: string,
): TinyGraph {
  const graph = new GraphBuilder(externalLocation)
  for (const [name, matrix] of Object.entries(weights)) graph.weights(name, matrix)
  let state = embeddings(graph)
  const bias = attentionBias(graph)
  for (let layer = 0; layer < TINY_CONFIG.num_hidden_layers; layer++) {
    state = transformerLayer(graph, `layer.${layer}`, state, bias)
  }
  for (const output of outputs) addOutput(graph, output, state)
  const model = encodeModel({
    irVersion: 8,
    producerName: 'lexcustis',
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'tiny-embedder',
      node: graph.nodes,
      initializer: graph.initializers,
      input: ['input_ids', 'attention_mask'].map((name) =>
        tensor(name, INT64, ['batch', 'sequence']),
      ),
      output: outputs.map((name) => tensor(name, FLOAT, shapeOf(name))),
    },
  })
  return { model, data: graph.external && Buffer.concat(graph.external.chunks) }
}

function shapeOf(output: TinyOutput): (number | string)[] {
  if (output === 'last_hidden_state') return ['batch', 'sequence', HIDDEN]
  if (output === 'sparse_vecs') return ['batch', 'sequence', 1]
  return ['batch', HIDDEN]
}

function linear(graph: GraphBuilder, name: string, input: string): string {
  return graph.add('Add', [graph.add('MatMul', [input, `${name}.weight`]), `${name}.bias`])
}

function norm(graph: GraphBuilder, name: string, input: string): string {
  return graph.add('LayerNormalization', [input, `${name}.weight`, `${name}.bias`], {
    axis: -1,
    epsilon: { float: EPSILON },
  })
}

/** Positions count the tokens that are no padding, from the padding id + 1. */
function embeddings(graph: GraphBuilder): string {
  const pad = graph.ints(TINY_CONFIG.pad_token_id)
  const isPad = graph.add('Equal', ['input_ids', pad])
  const isToken = graph.add('Cast', [graph.add('Not', [isPad])], { to: INT64 })
  const counted = graph.add('Mul', [graph.add('CumSum', [isToken, graph.ints(1)]), isToken])
  const position = graph.add('Add', [counted, pad])
  const word = graph.add('Gather', ['embeddings.word', 'input_ids'], { axis: 0 })
  const type = graph.add('Gather', ['embeddings.type', graph.ints(0)], { axis: 0 })
  const place = graph.add('Gather', ['embeddings.position', position], { axis: 0 })
  const sum = graph.add('Add', [graph.add('Add', [word, type]), place])
  return norm(graph, 'embeddings.norm', sum)
}

/** Zero for tokens and the lowest float for padding, to be added to attention scores. */
function attentionBias(graph: GraphBuilder): string {
  const mask = graph.add('Cast', ['attention_mask'], { to: FLOAT })
  const inverse = graph.add('Sub', [graph.floats([1]), mask])
  const bias = graph.add('Mul', [inverse, graph.floats([-3.4028234663852886e38])])
  return graph.add('Unsqueeze', [bias, graph.ints([1, 2])])
}

function transformerLayer(graph: GraphBuilder, name: string, input: string, bias: string): string {
  const attended = linear(graph, `${name}.attention.output`, attention(graph, name, input, bias))
  const between = norm(graph, `${name}.attention.norm`, graph.add('Add', [attended, input]))
  const inner = gelu(graph, linear(graph, `${name}.inner`, between))
  const outer = linear(graph, `${name}.outer`, inner)
  return norm(graph, `${name}.norm`, graph.add('Add', [outer, between]))
}

function attention(graph: GraphBuilder, name: string, input: string, bias: string): string {
  const heads = (part: string, perm: readonly number[]): string => {
    const projected = linear(graph, `${name}.attention.${part}`, input)
    const split = graph.add('Reshape', [projected, graph.ints([0, 0, HEADS, HIDDEN / HEADS])])
    return graph.add('Transpose', [split], { perm })
  }
  const query = heads('query', [0, 2, 1, 3])
  const scores = graph.add('MatMul', [query, heads('key', [0, 2, 3, 1])])
  const scaled = graph.add('Div', [scores, graph.floats([Math.sqrt(HIDDEN / HEADS)])])
  const shares = graph.add('Softmax', [graph.add('Add', [scaled, bias])], { axis: -1 })
  const mixed = graph.add('MatMul', [shares, heads('value', [0, 2, 1, 3])])
  const merged = graph.add('Transpose', [mixed], { perm: [0, 2, 1, 3] })
  return graph.add('Reshape', [merged, graph.ints([0, 0, HIDDEN])])
}

/** x / 2 · (1 + erf(x / √2)) */
function gelu(graph: GraphBuilder, input: string): string {
  const erf = graph.add('Erf', [graph.add('Div', [input, graph.floats([Math.SQRT2])])])
  const shifted = graph.add('Add', [erf, graph.floats([1])])
  return graph.add('Mul', [graph.add('Mul', [input, graph.floats([0.5])]), shifted])
}

function addOutput(graph: GraphBuilder, output: TinyOutput, state: string): void {
  if (output === 'last_hidden_state') {
    graph.add('Identity', [state], {}, output)
  } else if (output === 'sparse_vecs') {
    graph.add('Relu', [linear(graph, 'sparse', state)], {}, output)
  } else {
    const first = graph.add('Gather', [state, graph.ints(0)], { axis: 1 })
    graph.add('LpNormalization', [first], { axis: -1, p: 2 }, output)
  }
}
