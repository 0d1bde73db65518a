export * from './allow.js'
export type { Call } from './call.js'
export * from './client.js'
export { deadlineIn, forwardDeadline } from './deadline.js'
export { serviceNameOf, type Definition } from './definition.js'
export {
  service,
  unimplemented,
  type BoundService,
  type CallReport,
  type Handlers,
} from './handler.js'
export * from './reasons.js'
export * from './server.js'
export { fromStatus, toStatus } from './status.js'
export * from './tenant-token.js'
export type { TlsIdentity } from './tls.js'
