import { AppError } from '@lexcustis/core'
import { CommittedField, type Receipt, type Record } from '@lexcustis/proto/audit'
import type { ContentField, Evidence, Hop, Sealed } from '../domain/chat/ports.js'
import type { TokenSource } from '../domain/tenant-tokens.js'
import { callContext, type Peers } from './peers.js'

const APPEND_TIMEOUT_MS = 10_000
const FIND_TIMEOUT_MS = 5_000

const FIELDS = {
  prompt: CommittedField.PROMPT,
  response: CommittedField.RESPONSE,
  passages: CommittedField.PASSAGES,
} as const satisfies { [K in ContentField]: CommittedField }

/** The audit service's log, in the organisation of the principal. */
export function createRpcEvidence(
  { writer, reader }: Pick<Peers['audit'], 'writer' | 'reader'>,
  tokens: TokenSource,
): Evidence {
  // A token lives for 60 s and an end may be tried for minutes: every try gets its own.
  const context = async ({ principal, signal, traceparent }: Hop, timeoutMs: number) =>
    callContext(tokens, principal, 'audit', { timeoutMs, signal, traceparent })
  return {
    async append({ id, type, occurredAt, ref, trace, attrs, content }, hop) {
      const request = {
        id,
        type,
        occurredAt,
        ref: ref ?? '',
        trace,
        attrsJson: JSON.stringify(attrs),
        content: content.map(({ field, value }) => ({ field: FIELDS[field], value })),
      }
      const { receipt } = await writer.append(request, await context(hop, APPEND_TIMEOUT_MS))
      if (!receipt) throw new AppError('INTERNAL', 'the audit service answered without a receipt')
      return fromReceipt(receipt)
    },
    async find(id, hop) {
      try {
        const key = { $case: 'id' as const, value: id }
        const { record } = await reader.getEntry({ key }, await context(hop, FIND_TIMEOUT_MS))
        return record && fromRecord(record)
      } catch (error) {
        if (error instanceof AppError && error.reason === 'NOT_FOUND') return undefined
        throw error
      }
    },
  }
}

function fromReceipt({ entryId, sequence, entryHash, checkpointSize }: Receipt): Sealed {
  return { entryId, sequence, entryHash: Buffer.from(entryHash).toString('hex'), checkpointSize }
}

function fromRecord({ id, sequence, leaf }: Record): Sealed {
  const entryHash = Buffer.from(leaf).toString('hex')
  return { entryId: id, sequence, entryHash, checkpointSize: 0n }
}
