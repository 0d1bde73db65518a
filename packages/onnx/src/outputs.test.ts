import { describe, expect, test } from 'vitest'
import { planInputs, planOutputs } from './outputs.js'
import { normalized, weightsByToken, weightsOfVocabulary } from './pooling.js'

const SIZES = { dimensions: 1_024, vocabularySize: 250_002 }
const float = (name: string, ...shape: (number | string)[]) => ({ name, type: 'float32', shape })

describe('outputs of exports that are about', () => {
  test.each([
    [
      // BAAI/bge-m3, folder onnx
      [float('token_embeddings', 'b', 's', 1_024), float('sentence_embedding', 'b', 1_024)],
      { dense: { name: 'sentence_embedding', per: 'text' }, sparse: undefined },
    ],
    [
      // FlagEmbedding, exported with all heads
      [
        float('dense_vecs', 'b', 1_024),
        float('sparse_vecs', 'b', 's', 1),
        float('colbert_vecs', 'b', 's', 1_024),
      ],
      {
        dense: { name: 'dense_vecs', per: 'text' },
        sparse: { name: 'sparse_vecs', per: 'token' },
      },
    ],
    [
      [float('last_hidden_state', 'b', 's', 'h'), float('sparse', 'b', 250_002)],
      {
        dense: { name: 'last_hidden_state', per: 'token' },
        sparse: { name: 'sparse', per: 'vocabulary' },
      },
    ],
  ])('%#', (outputs, plan) => {
    expect(planOutputs(outputs, SIZES)).toEqual(plan)
  })

  test('are refused when none is a dense embedding of the right size, with what was found', () => {
    expect(() =>
      planOutputs(
        [float('dense_vecs', 'b', 768), { name: 'last_hidden_state', type: 'float16', shape: [] }],
        SIZES,
      ),
    ).toThrow(/1024.*dense_vecs float32\[b, 768\]; last_hidden_state float16/)
  })

  test('inputs other than those of a text encoder are refused', () => {
    const ids = { name: 'input_ids', type: 'int64', shape: ['b', 's'] }
    expect(planInputs([ids])).toEqual(['input_ids'])
    expect(() => planInputs([ids, float('pixel_values', 'b', 3)])).toThrow(/pixel_values/)
    expect(() => planInputs([{ ...ids, type: 'int32' }])).toThrow(/int32/)
  })
})

describe('pooling', () => {
  test('a token has its largest weight; negative ones and special tokens are left out', () => {
    const ignored = new Set([0, 2])
    expect(weightsByToken([0, 9, 7, 9, 5, 2], [1, 0.25, 0.5, 0.75, -1, 1, 3], ignored)).toEqual({
      indices: [7, 9],
      values: [0.5, 0.75],
    })
    expect(weightsOfVocabulary([1, 0, 1, 0.5, -2], ignored)).toEqual({
      indices: [3],
      values: [0.5],
    })
  })

  test('a vector is scaled to length one; one without direction is refused', () => {
    expect([...normalized(new Float32Array([3, 0, -4]))].map((x) => x.toFixed(6))).toEqual([
      '0.600000',
      '0.000000',
      '-0.800000',
    ])
    for (const bad of [
      [0, 0],
      [NaN, 1],
      [Infinity, 1],
    ]) {
      expect(() => normalized(new Float32Array(bad))).toThrow(/no direction/)
    }
  })
})
