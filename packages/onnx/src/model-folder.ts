import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type JsonObject, readJsonFile } from './json-file.js'
import { ModelError } from './model-error.js'

/** A folder with an exported model, as models:pull and Hugging Face lay it out. */
export interface ModelFolder {
  readonly directory: string
  /** Absolute or relative as `directory` is. */
  readonly modelPath: string
  /** Name and the beginning of a SHA-256 over every file that decides about embeddings. */
  readonly name: string
  readonly dimensions: number
  readonly vocabularySize: number
  readonly padId: number
  /** Tokens the model reads at once, start and end included. */
  readonly maxTokens: number
}

/** Reads config.json and all bytes of the model. Throws ModelError. */
export async function openModelFolder(directory: string): Promise<ModelFolder> {
  const config = await readJsonFile(directory, 'config.json')
  const modelPath = await findModel(directory)
  const padId = numberOf(config, 'pad_token_id', directory, 0)
  return {
    directory,
    modelPath,
    name: `${nameOf(config, directory)}@${await digestOf(directory, modelPath)}`,
    dimensions: numberOf(config, 'hidden_size', directory, 1),
    vocabularySize: numberOf(config, 'vocab_size', directory, 1),
    padId,
    // XLM-RoBERTa numbers positions from the padding id + 1.
    maxTokens: numberOf(config, 'max_position_embeddings', directory, padId + 4) - padId - 1,
  }
}

async function findModel(directory: string): Promise<string> {
  for (const folder of [directory, join(directory, 'onnx')]) {
    const names = await readdir(folder).catch((): string[] => [])
    if (names.includes('model.onnx')) return join(folder, 'model.onnx')
  }
  throw new ModelError(`no model.onnx in ${directory} or its folder onnx; run npm run models:pull`)
}

function numberOf(config: JsonObject, key: string, directory: string, least: number): number {
  const value = config[key]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw new ModelError(
    `config.json in ${directory} has no usable ${key}: a model shaped like XLM-RoBERTa is needed`,
  )
}

function nameOf(config: JsonObject, directory: string): string {
  const given = config['_name_or_path']
  const isName = typeof given === 'string' && /^[\w-][\w.-]*(\/[\w.-]+)?$/.test(given)
  return isName ? given : basename(directory)
}

/** Of everything that a number depends on: graph, weights beside it, tokenizer and configuration. */
async function digestOf(directory: string, modelPath: string): Promise<string> {
  const folder = dirname(modelPath)
  const beside = (await readdir(folder)).filter((name) =>
    /^model\.onnx([._].*)?$|_attr__value$/.test(name),
  )
  const paths = [
    ...beside.filter((name) => !name.endsWith('.part')).map((name) => join(folder, name)),
    join(directory, 'tokenizer.json'),
    join(directory, 'config.json'),
  ]
  const whole = createHash('sha256')
  for (const path of paths.sort()) whole.update(await sha256Of(path))
  return whole.digest('hex').slice(0, 16)
}

async function sha256Of(path: string): Promise<Buffer> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  } catch (error) {
    throw new ModelError(`${path} cannot be read`, { cause: error })
  }
  return hash.digest()
}
