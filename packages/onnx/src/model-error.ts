/** A model folder that cannot be used; the message says what is wrong and what to do. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
}
