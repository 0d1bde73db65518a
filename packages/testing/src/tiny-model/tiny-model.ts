import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildGraph, type TinyOutput } from './encoder.js'
import { tokenizerJson, VOCABULARY_SIZE } from './tokenizer-json.js'
import { createWeights, TINY_CONFIG } from './weights.js'

export const tinyVocabularySize = VOCABULARY_SIZE

export interface TinyModelOptions {
  readonly outputs?: readonly TinyOutput[]
  /** Laid out as large exports are: onnx/model.onnx with its weights in onnx/model.onnx_data. */
  readonly isSplit?: boolean
  /** Another seed is another model. */
  readonly seed?: number
}

/** Files of a small embedding model by path in its folder; the same bytes on every call. */
export function tinyModelFiles({
  outputs = ['dense_vecs', 'sparse_vecs'],
  isSplit = false,
  seed,
}: TinyModelOptions = {}): Record<string, Buffer> {
  const weights = createWeights(VOCABULARY_SIZE, seed)
  const { model, data } = buildGraph(weights, outputs, isSplit ? 'model.onnx_data' : undefined)
  const json = (value: unknown) => Buffer.from(JSON.stringify(value, undefined, 2))
  const folder = isSplit ? 'onnx/' : ''
  return {
    'config.json': json({ ...TINY_CONFIG, vocab_size: VOCABULARY_SIZE }),
    'tokenizer.json': json(tokenizerJson()),
    [`${folder}model.onnx`]: model,
    ...(data && { [`${folder}model.onnx_data`]: data }),
  }
}

/** Writes the model into a folder, which is created. */
export async function writeTinyModel(
  directory: string,
  options: TinyModelOptions = {},
): Promise<void> {
  for (const [path, bytes] of Object.entries(tinyModelFiles(options))) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), bytes)
  }
}
