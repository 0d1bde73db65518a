import { ModelError } from './model-error.js'

/** Name, element type and shape of an input or output; a symbolic dimension is a string. */
export interface TensorDescription {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

/** Where to find embeddings among the outputs of an exported model. */
export interface OutputPlan {
  readonly dense: {
    readonly name: string
    /** `text`: one vector per text. `token`: one per token, of which the first stands for the text. */
    readonly per: 'text' | 'token'
  }
  /** `token`: one weight per token. `vocabulary`: one per entry of the vocabulary. */
  readonly sparse: { readonly name: string; readonly per: 'token' | 'vocabulary' } | undefined
}

const PER_TEXT = ['dense_vecs', 'dense', 'dense_embeddings', 'sentence_embedding']
const PER_TOKEN = ['last_hidden_state', 'token_embeddings', 'hidden_states']
const SPARSE = ['sparse_vecs', 'sparse', 'sparse_weights', 'token_weights', 'lexical_weights']
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids']

interface Sizes {
  readonly dimensions: number
  readonly vocabularySize: number
}

/** Throws ModelError that names the outputs when none of them is a dense embedding. */
export function planOutputs(outputs: readonly TensorDescription[], sizes: Sizes): OutputPlan {
  const floats = outputs.filter(({ type }) => type === 'float32')
  const dense = denseAmong(floats, sizes.dimensions)
  if (!dense) {
    throw new ModelError(
      `the model has no output that is a dense embedding of ${sizes.dimensions} float32 numbers; its outputs are ${describe(outputs)}`,
    )
  }
  return { dense, sparse: sparseAmong(floats, sizes.vocabularySize) }
}

/** Names of the inputs to feed. Throws ModelError when the model wants something else. */
export function planInputs(inputs: readonly TensorDescription[]): string[] {
  const isKnown = ({ name, type }: TensorDescription) => INPUTS.includes(name) && type === 'int64'
  if (!inputs.every(isKnown) || !inputs.some(({ name }) => name === 'input_ids')) {
    throw new ModelError(
      `the model wants inputs other than int64 ${INPUTS.join(', ')}; its inputs are ${describe(inputs)}`,
    )
  }
  return inputs.map(({ name }) => name)
}

function denseAmong(
  outputs: readonly TensorDescription[],
  dimensions: number,
): OutputPlan['dense'] | undefined {
  const ofRank =
    (rank: number) =>
    ({ shape }: TensorDescription) =>
      shape.length === rank && isSize(shape[rank - 1], dimensions)
  const perText = named(outputs, PER_TEXT, ofRank(2))
  if (perText) return { name: perText.name, per: 'text' }
  const perToken = named(outputs, PER_TOKEN, ofRank(3))
  return perToken && { name: perToken.name, per: 'token' }
}

function sparseAmong(
  outputs: readonly TensorDescription[],
  vocabularySize: number,
): OutputPlan['sparse'] {
  const isVocabulary = ({ shape }: TensorDescription) =>
    shape.length === 2 && shape[1] === vocabularySize
  const perVocabulary = named(outputs, SPARSE, isVocabulary)
  if (perVocabulary) return { name: perVocabulary.name, per: 'vocabulary' }
  const perToken = named(
    outputs,
    SPARSE,
    ({ shape }) => (shape.length === 3 && shape[2] === 1) || shape.length === 2,
  )
  return perToken && { name: perToken.name, per: 'token' }
}

function named(
  outputs: readonly TensorDescription[],
  names: readonly string[],
  fits: (output: TensorDescription) => boolean,
): TensorDescription | undefined {
  return names
    .map((name) => outputs.find((output) => output.name === name && fits(output)))
    .find((output) => output !== undefined)
}

/** Exporters often leave the last dimension symbolic; the numbers themselves are counted at each run. */
function isSize(dimension: number | string | undefined, size: number): boolean {
  return typeof dimension === 'string' || dimension === size
}

function describe(tensors: readonly TensorDescription[]): string {
  return tensors.map(({ name, type, shape }) => `${name} ${type}[${shape.join(', ')}]`).join('; ')
}
