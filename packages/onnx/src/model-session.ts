import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Embedding, SparseWeights } from './embedder.js'
import { ModelError } from './model-error.js'
import type { ModelFolder } from './model-folder.js'
import { type OutputPlan, planInputs, planOutputs, type TensorDescription } from './outputs.js'
import { normalized, weightsByToken, weightsOfVocabulary } from './pooling.js'

export interface SessionOptions {
  /** Threads of one run; 0 lets the runtime choose. */
  readonly threads: number
  /** Tokens that carry no meaning of a text: they have no sparse weight. */
  readonly ignored: ReadonlySet<number>
}

/** A loaded model. One run at a time; a run blocks the thread it is on. */
export class ModelSession {
  readonly #session: InferenceSession
  readonly #folder: ModelFolder
  readonly #inputs: readonly string[]
  readonly #plan: OutputPlan
  readonly #ignored: ReadonlySet<number>

  private constructor(
    session: InferenceSession,
    folder: ModelFolder,
    ignored: ReadonlySet<number>,
  ) {
    this.#session = session
    this.#folder = folder
    this.#inputs = planInputs(described(session.inputMetadata))
    this.#plan = planOutputs(described(session.outputMetadata), folder)
    this.#ignored = ignored
  }

  /** Throws ModelError for a model that cannot be read or has other inputs or outputs. */
  static async open(
    folder: ModelFolder,
    { threads, ignored }: SessionOptions,
  ): Promise<ModelSession> {
    const session = await InferenceSession.create(folder.modelPath, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Planned memory is kept per shape, and every batch has another one.
      enableMemPattern: false,
      logSeverityLevel: 3,
    }).catch((error: unknown) => {
      throw new ModelError(
        `${folder.modelPath} is no model that the runtime can load; fetch it again with npm run models:pull`,
        { cause: error },
      )
    })
    return new ModelSession(session, folder, ignored)
  }

  /** Embeds token sequences as one batch, padded to the longest. */
  async run(sequences: readonly (readonly number[])[]): Promise<Embedding[]> {
    const width = Math.max(...sequences.map(({ length }) => length))
    const { dense, sparse } = this.#plan
    const wanted = sparse ? [dense.name, sparse.name] : [dense.name]
    const outputs = await this.#session.run(this.#feeds(sequences, width), wanted)
    const densePer = sliced(outputs[dense.name], sequences.length, dense.name)
    const sparsePer = sparse && sliced(outputs[sparse.name], sequences.length, sparse.name)
    return sequences.map((ids, at) => ({
      dense: this.#denseOf(densePer(at), width),
      sparse: sparsePer && this.#sparseOf(ids, sparsePer(at), width),
    }))
  }

  #feeds(sequences: readonly (readonly number[])[], width: number): Record<string, Tensor> {
    const size = sequences.length * width
    const ids = new BigInt64Array(size).fill(BigInt(this.#folder.padId))
    const mask = new BigInt64Array(size)
    for (const [row, sequence] of sequences.entries()) {
      for (const [at, id] of sequence.entries()) {
        ids[row * width + at] = BigInt(id)
        mask[row * width + at] = 1n
      }
    }
    const all: Readonly<Record<string, BigInt64Array>> = { input_ids: ids, attention_mask: mask }
    return Object.fromEntries(
      this.#inputs.map((name) => {
        const data = all[name] ?? new BigInt64Array(size)
        return [name, new Tensor('int64', data, [sequences.length, width])]
      }),
    )
  }

  #denseOf(numbers: Float32Array, width: number): Float32Array {
    const { dimensions } = this.#folder
    const { name, per } = this.#plan.dense
    const expected = per === 'text' ? dimensions : dimensions * width
    if (numbers.length !== expected) {
      throw new ModelError(
        `output ${name} of the model has ${numbers.length} numbers per text where config.json (hidden_size) says ${expected}`,
      )
    }
    return normalized(numbers.subarray(0, dimensions))
  }

  #sparseOf(ids: readonly number[], numbers: Float32Array, width: number): SparseWeights {
    const { vocabularySize } = this.#folder
    const isVocabulary = this.#plan.sparse?.per === 'vocabulary'
    const expected = isVocabulary ? vocabularySize : width
    if (numbers.length !== expected) {
      throw new ModelError(
        `output ${this.#plan.sparse?.name ?? ''} of the model has ${numbers.length} numbers per text, not ${expected}`,
      )
    }
    return isVocabulary
      ? weightsOfVocabulary(numbers, this.#ignored)
      : weightsByToken(ids, numbers, this.#ignored)
  }
}

function described(metadata: readonly InferenceSession.ValueMetadata[]): TensorDescription[] {
  return metadata.map((value) =>
    value.isTensor ? value : { name: value.name, type: 'no tensor', shape: [] },
  )
}

/** Numbers of one text of a batch. */
function sliced(
  output: { readonly data?: unknown } | undefined,
  rows: number,
  name: string,
): (at: number) => Float32Array {
  const data = output?.data
  if (!(data instanceof Float32Array) || data.length % rows !== 0) {
    throw new ModelError(`output ${name} of the model is not one row of float32 numbers per text`)
  }
  const size = data.length / rows
  return (at) => data.subarray(at * size, (at + 1) * size)
}
