import { AuditReaderDefinition, type VerifyChainResponse } from '@lexcustis/proto/audit'
import { type BoundService, type Call, service } from '@lexcustis/rpc'
import type { TenantContext } from '@lexcustis/core'
import type { Entries } from '../domain/entries.js'
import type { VerifyEvent, VerifyResult } from '../domain/verify-log.js'
import { type CheckpointDeps, checkpointMethods } from './checkpoint.js'
import { toRecordMessage } from './receipt.js'

export interface ReaderDeps extends CheckpointDeps {
  readonly entries: Entries
  readonly verify: (organizationId: string) => AsyncIterable<VerifyEvent>
  /** Appends `verification.run`. */
  readonly recordRun: (tenant: TenantContext, result: VerifyResult) => Promise<void>
}

export function readerService(deps: ReaderDeps): BoundService {
  const { entries } = deps
  return service(AuditReaderDefinition, {
    getEntry: async ({ key }, call) => {
      const { organizationId } = await call.tenant()
      return { record: toRecordMessage(await entries.get(organizationId, keyOf(key))) }
    },
    listEntries: async (request, call) => {
      const { organizationId } = await call.tenant()
      const { items, nextCursor } = await entries.list(organizationId, request)
      return { records: items.map(toRecordMessage), nextCursor }
    },
    verifyChain: (_, call) => verifyChain(deps, call),
    ...checkpointMethods(deps),
  })
}

type KeyMessage =
  | { readonly $case: 'id'; readonly value: string }
  | { readonly $case: 'sequence'; readonly value: bigint }
  | undefined

function keyOf(
  key: KeyMessage,
): { readonly id: string } | { readonly sequence: bigint } | undefined {
  if (!key) return undefined
  return key.$case === 'id' ? { id: key.value } : { sequence: key.value }
}

/** The run is recorded before its result is sent: who saw a result finds it in the log. */
async function* verifyChain(
  { verify, recordRun }: ReaderDeps,
  call: Call,
): AsyncGenerator<VerifyChainResponse> {
  const tenant = await call.tenant()
  for await (const event of verify(tenant.organizationId)) {
    if (event.kind === 'result') await recordRun(tenant, event)
    yield { event: toMessage(event) }
  }
}

function toMessage(event: VerifyEvent): NonNullable<VerifyChainResponse['event']> {
  switch (event.kind) {
    case 'progress': {
      const { checked, expected } = event
      return { $case: 'progress', value: { checked, expected } }
    }
    case 'break': {
      const { code, sequence, detail } = event
      return { $case: 'break', value: { code, sequence, detail } }
    }
    case 'result': {
      const { isValid, checked, expected, open, breaks } = event
      return { $case: 'result', value: { valid: isValid, checked, expected, open, breaks } }
    }
  }
}
