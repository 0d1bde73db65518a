import { AppError, type Clock } from '@lexcustis/core'
import type { Started } from './answer.js'
import { elapsedMs } from './elapsed.js'
import { type Ending, internalError } from './ending.js'
import { nothingYet } from './generate.js'
import type { ChatEvents, NewRecord } from './ports.js'
import { hopOf } from './prepare.js'
import type { EndRecorder, EndRecords } from './record-end.js'
import { endRecord } from './records.js'
import { type ChatReceipt, type ChatResult, receiptOf } from './result.js'

export interface ConcludePorts {
  readonly clock: Clock
  readonly events: Pick<ChatEvents, 'ended'>
  readonly recordEnd: EndRecorder
  /** How long a client waits for its receipt. */
  readonly receiptWaitMs: number
}

const SHUTDOWN_WAIT_MS = 1_000

/** Records the one end of a chat and says what its client is told. */
export async function conclude(
  { clock, events, recordEnd, receiptWaitMs }: ConcludePorts,
  started: Started,
  ending: Ending,
): Promise<ChatResult> {
  const { request, opening, sealed, receivedMicros } = started
  const nowMicros = clock.nowMicros()
  // Who shuts down has no time for an audit service that is away.
  const waitMs = ending.outcome === 'shutdown' ? SHUTDOWN_WAIT_MS : receiptWaitMs
  const end = await recordEnd(recordsOf(started, ending, nowMicros), hopOf(request), waitMs)
  events.ended({
    requestId: request.requestId,
    outcome: ending.outcome,
    totalMs: elapsedMs(receivedMicros, nowMicros),
    firstTokenMs: ending.answer.firstTokenMs,
    cause: ending.kind === 'aborted' ? ending.error : undefined,
  })
  const receipt =
    end && receiptOf(request, ending.answer.answeredBy ?? opening, ending.outcome, sealed, end)
  return resultOf(started, ending, receipt)
}

function recordsOf(started: Started, ending: Ending, nowMicros: bigint): EndRecords {
  const { request, provider, receivedMicros } = started
  const recordOf = (of: Ending): NewRecord =>
    endRecord(request, provider, of, receivedMicros, nowMicros)
  const record = recordOf(ending)
  return {
    record,
    // A streamed answer has left; one that was to be given as a whole never will.
    late: () =>
      ending.kind === 'completed' && !request.isStream
        ? recordOf({ ...ending, isDelivered: false })
        : record,
    bare: () =>
      recordOf(internalError(nothingYet(started, ending.answer.usage), 'audit', undefined)),
  }
}

function resultOf(
  { opening }: Started,
  ending: Ending,
  receipt: ChatReceipt | undefined,
): ChatResult {
  const { outcome } = ending
  if (ending.kind === 'aborted')
    return { kind: 'failed', opening, outcome, error: ending.error, receipt }
  if (!receipt) return { kind: 'failed', opening, outcome, error: notRecorded(), receipt }
  const { answer, verdict } = ending
  if (ending.kind === 'blocked') {
    return { kind: 'blocked', opening, stage: 'output', reasons: verdict.reasons, answer, receipt }
  }
  const { confidenceE4, signalReasons } = verdict
  const signal = signalReasons.length > 0 ? { confidenceE4, reasons: signalReasons } : undefined
  return { kind: 'completed', opening, answer, signal, receipt }
}

function notRecorded(): AppError {
  return new AppError('UNAVAILABLE', 'the end of this answer could not be recorded yet', {
    retryAfterMs: 5_000,
  })
}
