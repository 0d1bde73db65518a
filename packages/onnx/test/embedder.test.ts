import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createTinyWeights,
  type TinyModelOptions,
  tinyModelFiles,
  tinyVocabularySize,
  writeTinyModel,
} from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Embedding, type OnnxEmbedder, openEmbedder } from '../src/index.js'
import { TextTokenizer } from '../src/tokenizer.js'
import { erf, referenceModel } from './reference-model.js'

const TOLERANCE = 1e-4
const LONG = 'the provider must report the incident of the system. '.repeat(400)
const TEXTS = [
  'The risk of the system must be reported.',
  'Ο πάροχος της υπηρεσίας ενημερώνει τις αρχές',
  '人工智能系统的风险管理',
  'holidays 🌴👩‍👩‍👧 day',
  '',
  'a',
  '  \n\t ',
  'Straße, Łódź, garçon',
  LONG,
]
const weights = createTinyWeights(tinyVocabularySize)
const never = new AbortController().signal
const MAX_TOKENS = 96

let directory: string
let tokenizer: TextTokenizer
const opened: OnnxEmbedder[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lexcustis-onnx-'))
  await writeTinyModel(join(directory, 'default'))
  tokenizer = await TextTokenizer.open(join(directory, 'default'))
})
afterAll(async () => {
  for (const embedder of opened) await embedder[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

async function embedderOf(
  name: string,
  options: TinyModelOptions = {},
  settings: { readonly batchTokens?: number; readonly maxTokens?: number } = {},
): Promise<OnnxEmbedder> {
  const modelDirectory = join(directory, name)
  await writeTinyModel(modelDirectory, options)
  const embedder = await openEmbedder({ modelDirectory, threads: 1, ...settings })
  opened.push(embedder)
  return embedder
}

/** What the definition of the layers says. */
function expected(text: string, limit = MAX_TOKENS) {
  const ids = tokenizer.encode(text, limit)
  const { dense, tokenWeights } = referenceModel(weights, ids)
  const sparse = new Map<number, number>()
  for (const [at, id] of ids.entries()) {
    const weight = tokenWeights[at]!
    // Start, padding, end and unknown.
    if (id > 3 && weight > (sparse.get(id) ?? 0)) sparse.set(id, weight)
  }
  return { dense, sparse: [...sparse].sort(([a], [b]) => a - b) }
}

function expectSame({ dense, sparse }: Embedding, text: string, limit?: number): void {
  const reference = expected(text, limit)
  expect(dense).toHaveLength(reference.dense.length)
  for (const [i, value] of reference.dense.entries()) {
    expect(Math.abs(dense[i]! - value)).toBeLessThan(TOLERANCE)
  }
  // A weight within rounding of zero may be on either side of it.
  const sure = reference.sparse.filter(([, weight]) => weight > TOLERANCE)
  const found = new Map(sparse!.indices.map((id, i) => [id, sparse!.values[i]!]))
  for (const [id, weight] of sure) {
    expect(Math.abs((found.get(id) ?? 0) - weight)).toBeLessThan(TOLERANCE)
  }
  const unsure = [...found].filter(([id]) => !sure.some(([known]) => known === id))
  expect(unsure.every(([, weight]) => weight > 0 && weight < 2 * TOLERANCE)).toBe(true)
  expect(sparse!.indices).toEqual([...sparse!.indices].sort((a, b) => a - b))
}

describe('the model built by the script', () => {
  test('has the same bytes each time, and others for another seed', () => {
    const digest = (options?: TinyModelOptions) => {
      const hash = createHash('sha256')
      for (const [path, bytes] of Object.entries(tinyModelFiles(options))) {
        hash.update(path).update(bytes)
      }
      return hash.digest('hex')
    }
    expect(digest()).toBe(digest())
    expect(digest({ isSplit: true })).toBe(digest({ isSplit: true }))
    expect(digest({ seed: 2 })).not.toBe(digest())
  })

  test('tokenizes as a Unigram model does', () => {
    const pieces = ['▁the', '▁system', '▁r', '▁', 'r', 'e', 's', 'x']
    const json = JSON.parse(tinyModelFiles()['tokenizer.json']!.toString()) as {
      model: { vocab: [string, number][] }
    }
    const idOf = (piece: string) => json.model.vocab.findIndex(([each]) => each === piece)
    expect(pieces.slice(0, 2).every((piece) => idOf(piece) > 3)).toBe(true)
    const [the, system, space, x] = ['▁the', '▁system', '▁', 'x'].map(idOf)
    expect(tokenizer.encode('the  system\nx', 10)).toEqual([0, the, system, space, x, 2])
    expect(tokenizer.encode('🌴', 10)).toEqual([0, space, 3, 2])
    expect(tokenizer.encode('', 10)).toEqual([0, 2])
  })
})

test('the error function of the reference is that of the tables (DLMF 7.23, Abramowitz 7.1)', () => {
  expect(erf(0.5)).toBeCloseTo(0.5204998778, 10)
  expect(erf(1)).toBeCloseTo(0.8427007929, 10)
  expect(erf(-2)).toBeCloseTo(-0.995322265, 10)
})

describe('embeddings', () => {
  let embedder: OnnxEmbedder
  beforeAll(async () => {
    embedder = await embedderOf('default')
  })

  test('are those of the definition, number by number, whatever the text', async () => {
    expect(embedder).toMatchObject({ dimensions: 32, maxTokens: MAX_TOKENS })
    expect(embedder.model).toMatch(/^lexcustis\/tiny-embedder@[0-9a-f]{16}$/)
    const embeddings = await embedder.embed(TEXTS, never)
    expect(embeddings).toHaveLength(TEXTS.length)
    for (const [at, text] of TEXTS.entries()) expectSame(embeddings[at]!, text)
    expect(TEXTS.filter((text) => expected(text).sparse.length > 0).length).toBeGreaterThan(4)
  })

  test('do not depend on what a text is embedded with, nor on the size of batches', async () => {
    const together = await embedder.embed(TEXTS, never)
    const small = await embedderOf('default', {}, { batchTokens: 60 })
    const inSmall = await small.embed([...TEXTS].reverse(), never)
    for (const [at, text] of TEXTS.entries()) {
      const [alone] = await embedder.embed([text], never)
      for (const other of [together[at]!, inSmall.at(-1 - at)!]) {
        expect(other.sparse!.indices).toEqual(alone!.sparse!.indices)
        for (const [i, value] of alone!.dense.entries()) {
          expect(Math.abs(other.dense[i]! - value)).toBeLessThan(1e-5)
        }
      }
    }
  })

  test('of a text longer than the limit are those of its beginning', async () => {
    const short = await embedderOf('default', {}, { maxTokens: 12 })
    expect(short.maxTokens).toBe(12)
    const [cut] = await short.embed([LONG], never)
    expectSame(cut!, LONG, 12)
  })

  test('of a word of a million letters are made as well', async () => {
    const [embedding] = await embedder.embed(['人工智能'.repeat(250_000)], never)
    expectSame(embedding!, '人工智能'.repeat(250_000))
  })

  test.each([
    [['last_hidden_state', 'sparse_vecs']],
    [['sentence_embedding', 'last_hidden_state', 'sparse_vecs']],
  ] as const)('come out of an export with %j', async (outputs) => {
    const other = await embedderOf(outputs.join(), { outputs })
    const embeddings = await other.embed(TEXTS, never)
    for (const [at, text] of TEXTS.entries()) expectSame(embeddings[at]!, text)
  })

  test('come out of a folder with the graph in onnx/ and the weights beside it, dense alone', async () => {
    const split = await embedderOf('split', { outputs: ['last_hidden_state'], isSplit: true })
    const [embedding] = await split.embed(['The risk of the system'], never)
    expect(embedding!.sparse).toBeUndefined()
    const reference = expected('The risk of the system')
    for (const [i, value] of reference.dense.entries()) {
      expect(Math.abs(embedding!.dense[i]! - value)).toBeLessThan(TOLERANCE)
    }
  })

  test('of another model have another name', async () => {
    expect((await embedderOf('seed-2', { seed: 2 })).model).not.toBe(embedder.model)
  })
})
