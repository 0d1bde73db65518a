import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelError } from './model-error.js'

export type JsonObject = Readonly<Record<string, unknown>>

/** An object in a file of a model folder. Throws ModelError when there is none that can be read. */
export async function readJsonFile(directory: string, name: string): Promise<JsonObject> {
  const path = join(directory, name)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ModelError(
      `${path} cannot be read (${codeOf(error)}); a model folder holds model.onnx, tokenizer.json and config.json`,
      { cause: error },
    )
  })
  const value = parse(text)
  if (!isObject(value)) throw new ModelError(`${path} is no JSON object; fetch the model again`)
  return value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string {
  return isObject(error) && typeof error['code'] === 'string' ? error['code'] : 'unknown error'
}
