import type { MethodDefinition } from '@grpc/grpc-js'

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the generated definitions are invariant in their messages; inference below restores the types
type AnyMethod = MethodDefinition<any, any>

/** A service as ts-proto generates it: method name → path, stream flags, codecs. */
export type Definition = Readonly<Record<string, AnyMethod>>

export type RequestOf<M> = M extends { requestSerialize: (value: infer Q) => Buffer } ? Q : never
export type ResponseOf<M> = M extends { responseDeserialize: (value: Buffer) => infer S }
  ? S
  : never

/** `/lexcustis.audit.v1.AuditWriterService/Append` → `lexcustis.audit.v1.AuditWriterService`. */
export function serviceNameOfPath(path: string): string {
  return path.slice(1, path.lastIndexOf('/'))
}

export function serviceNameOf(definition: Definition): string {
  const first = Object.values(definition)[0]
  if (!first) throw new Error('a service without methods')
  return serviceNameOfPath(first.path)
}
