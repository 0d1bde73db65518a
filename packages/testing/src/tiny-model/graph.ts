import { ATTRIBUTE, EXTERNAL, FLOAT, INT64 } from './onnx-proto.js'
import type { Matrix } from './weights.js'

type Attribute = number | { readonly float: number } | readonly number[]
type Fields = Readonly<Record<string, unknown>>

/** Collects the nodes and constants of an ONNX graph. */
export class GraphBuilder {
  readonly nodes: Fields[] = []
  readonly initializers: Fields[] = []
  /** Bytes of constants kept in another file; undefined to keep them in the graph. */
  readonly external: { readonly location: string; readonly chunks: Buffer[] } | undefined
  #externalSize = 0

  constructor(externalLocation?: string) {
    this.external =
      externalLocation === undefined ? undefined : { location: externalLocation, chunks: [] }
  }

  /** Adds a node; returns the name of its output, which is `name` or one made up. */
  add(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    name = `${opType}_${this.nodes.length}`,
  ): string {
    const attribute = Object.entries(attributes).map(([key, value]) => toAttribute(key, value))
    this.nodes.push({ input, output: [name], name, opType, attribute })
    return name
  }

  weights(name: string, { shape, values }: Matrix): string {
    const bytes = Buffer.alloc(values.length * 4)
    for (const [at, value] of values.entries()) bytes.writeFloatLE(value, at * 4)
    this.initializers.push({ name, dims: shape, dataType: FLOAT, ...this.#store(bytes) })
    return name
  }

  floats(values: readonly number[], shape: readonly number[] = []): string {
    const name = `float_${this.initializers.length}`
    const bytes = Buffer.alloc(values.length * 4)
    for (const [at, value] of values.entries()) bytes.writeFloatLE(value, at * 4)
    this.initializers.push({ name, dims: shape, dataType: FLOAT, rawData: bytes })
    return name
  }

  /** A scalar, or a list when there are brackets. */
  ints(value: number | readonly number[]): string {
    const name = `int_${this.initializers.length}`
    const values = typeof value === 'number' ? [value] : value
    const bytes = Buffer.alloc(values.length * 8)
    for (const [at, each] of values.entries()) bytes.writeBigInt64LE(BigInt(each), at * 8)
    const dims = typeof value === 'number' ? [] : [values.length]
    this.initializers.push({ name, dims, dataType: INT64, rawData: bytes })
    return name
  }

  #store(bytes: Buffer): Fields {
    if (!this.external) return { rawData: bytes }
    const entry = (key: string, value: string | number) => ({ key, value: String(value) })
    const offset = this.#externalSize
    this.external.chunks.push(bytes)
    this.#externalSize += bytes.length
    return {
      dataLocation: EXTERNAL,
      externalData: [
        entry('location', this.external.location),
        entry('offset', offset),
        entry('length', bytes.length),
      ],
    }
  }
}

function toAttribute(name: string, value: Attribute): Fields {
  if (typeof value === 'number') return { name, i: value, type: ATTRIBUTE.int }
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE.float }
  return { name, ints: value, type: ATTRIBUTE.ints }
}

/** Description of an input or output; a name stands for a dimension that differs from run to run. */
export function tensor(
  name: string,
  elemType: number,
  shape: readonly (number | string)[],
): Fields {
  const dim = shape.map((size) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  )
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}
