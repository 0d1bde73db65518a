import protobuf from 'protobufjs'

const repeated = (type: string, id: number) => ({ rule: 'repeated', type, id })
const one = (type: string, id: number) => ({ type, id })

/**
 * The part of ONNX's schema that is written here, with the field numbers of
 * https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto3 (Apache-2.0).
 */
const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: one('int64', 1),
        producerName: one('string', 2),
        graph: one('GraphProto', 7),
        opsetImport: repeated('OperatorSetIdProto', 8),
      },
    },
    OperatorSetIdProto: { fields: { domain: one('string', 1), version: one('int64', 2) } },
    GraphProto: {
      fields: {
        node: repeated('NodeProto', 1),
        name: one('string', 2),
        initializer: repeated('TensorProto', 5),
        input: repeated('ValueInfoProto', 11),
        output: repeated('ValueInfoProto', 12),
      },
    },
    NodeProto: {
      fields: {
        input: repeated('string', 1),
        output: repeated('string', 2),
        name: one('string', 3),
        opType: one('string', 4),
        attribute: repeated('AttributeProto', 5),
      },
    },
    AttributeProto: {
      fields: {
        name: one('string', 1),
        f: one('float', 2),
        i: one('int64', 3),
        ints: repeated('int64', 8),
        type: one('int32', 20),
      },
    },
    TensorProto: {
      fields: {
        dims: repeated('int64', 1),
        dataType: one('int32', 2),
        name: one('string', 8),
        rawData: one('bytes', 9),
        externalData: repeated('StringStringEntryProto', 13),
        dataLocation: one('int32', 14),
      },
    },
    StringStringEntryProto: { fields: { key: one('string', 1), value: one('string', 2) } },
    ValueInfoProto: { fields: { name: one('string', 1), type: one('TypeProto', 2) } },
    TypeProto: { fields: { tensorType: one('TypeProtoTensor', 1) } },
    TypeProtoTensor: {
      fields: { elemType: one('int32', 1), shape: one('TensorShapeProto', 2) },
    },
    TensorShapeProto: { fields: { dim: repeated('TensorShapeDimension', 1) } },
    TensorShapeDimension: {
      fields: { dimValue: one('int64', 1), dimParam: one('string', 2) },
    },
  },
})

export const FLOAT = 1
export const INT64 = 7
export const BOOL = 9
export const EXTERNAL = 1
export const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const

/** Serialises a ModelProto. Throws when it does not follow the schema. */
export function encodeModel(model: Readonly<Record<string, unknown>>): Buffer {
  const type = root.lookupType('ModelProto')
  const problem = type.verify(model)
  if (problem) throw new Error(`not a ModelProto: ${problem}`)
  return Buffer.from(type.encode(type.create(model)).finish())
}
