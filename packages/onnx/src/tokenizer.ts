import * as library from '@huggingface/tokenizers'
import { isObject, type JsonObject, readJsonFile } from './json-file.js'
import { ModelError } from './model-error.js'
import { textPieces } from './text-pieces.js'

/** What is used of the library: its own types name their files without `.js` and do not resolve. */
interface Tokenizer {
  readonly model: { readonly unk_token_id?: number } | null
  encode(text: string, options?: { add_special_tokens: boolean }): { readonly ids: number[] }
}
const Tokenizer = library.Tokenizer as unknown as new (
  tokenizer: JsonObject,
  config: JsonObject,
) => Tokenizer

/** The library spreads the tokens of a word over arguments: longer words overflow the stack. */
const PIECE = 16_384
/** More letters than most tokens have: the end of a text that is cut off is not tokenized in vain. */
const LETTERS = 8

/** The tokenizer of a model that reads `<start> text <end>`, as XLM-RoBERTa does. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer
  readonly startId: number
  readonly endId: number
  readonly unknownId: number | undefined

  private constructor(tokenizer: Tokenizer, startId: number, endId: number) {
    this.#tokenizer = tokenizer
    this.startId = startId
    this.endId = endId
    this.unknownId = tokenizer.model?.unk_token_id
  }

  /** Reads tokenizer.json of a model folder. Throws ModelError. */
  static async open(directory: string): Promise<TextTokenizer> {
    const tokenizer = create(await readJsonFile(directory, 'tokenizer.json'), directory)
    const [startId, endId, ...others] = tokenizer.encode('').ids
    if (startId === undefined || endId === undefined || others.length > 0) {
      throw new ModelError(
        `tokenizer.json in ${directory} does not put one token before and one after a text, as models like XLM-RoBERTa have it`,
      )
    }
    return new TextTokenizer(tokenizer, startId, endId)
  }

  /** Token ids with start and end, at most `limit` of them: what is beyond is cut off. */
  encode(text: string, limit: number): number[] {
    const ids = [this.startId]
    for (const piece of textPieces(text, Math.min(PIECE, limit * LETTERS))) {
      for (const id of this.#idsOf(piece)) ids.push(id)
      if (ids.length >= limit) break
    }
    ids.length = Math.min(ids.length, limit - 1)
    ids.push(this.endId)
    return ids
  }

  /** Tokens of a text, start and end not counted. */
  count(text: string): number {
    let count = 0
    for (const piece of textPieces(text, PIECE)) count += this.#idsOf(piece).length
    return count
  }

  #idsOf(piece: string): number[] {
    return this.#tokenizer.encode(piece, { add_special_tokens: false }).ids
  }
}

function create(json: JsonObject, directory: string): Tokenizer {
  try {
    if (!isObject(json['model'])) throw new Error('no model in it')
    return new Tokenizer(json, {})
  } catch (error) {
    throw new ModelError(`tokenizer.json in ${directory} is no tokenizer that can be used`, {
      cause: error,
    })
  }
}
