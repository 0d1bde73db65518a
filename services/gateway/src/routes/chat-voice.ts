import type { Opening } from '../domain/chat/ports.js'
import type { ChatReceipt, ChatResult, Signal } from '../domain/chat/result.js'
import { type Problem, toProblem } from '../plugins/problem.js'
import { DONE, eventFrame } from '../sse.js'
import type { StreamVoice } from './serve-chat.js'

export interface ReceiptJson {
  readonly request_id: string
  readonly organization_id: string
  /** Absent start: the input was blocked before there was one. */
  readonly started_sequence: string | null
  readonly sequence: string
  readonly entry_id: string
  readonly entry_hash: string
  readonly checkpoint_size: string
  readonly outcome: string
  readonly provider: string
  readonly model: string
}

export function toReceiptJson(receipt: ChatReceipt): ReceiptJson {
  const { requestId, organizationId, startedSequence, end, outcome, provider, model } = receipt
  return {
    request_id: requestId,
    organization_id: organizationId,
    started_sequence: startedSequence === undefined ? null : String(startedSequence),
    sequence: String(end.sequence),
    entry_id: end.entryId,
    entry_hash: end.entryHash,
    checkpoint_size: String(end.checkpointSize),
    outcome,
    provider,
    model,
  }
}

export interface SourcesJson {
  readonly items: readonly {
    readonly n: number
    readonly document_id: string
    readonly chunk_id: string
    readonly title: string
    /** Headings above the passage, outermost first. */
    readonly heading_path: readonly string[]
    /** 0 to 10000, relative to the best source. */
    readonly score: number
    /** Instructions to the model found in it, for example "injection:instruction_override". */
    readonly flags?: readonly string[]
  }[]
  /** Less was searched than asked for; without any item: nothing could be searched. */
  readonly degraded: boolean
}

export function toSourcesJson({ sources, isDegraded }: Opening): SourcesJson {
  return {
    items: sources.map(({ n, documentId, chunkId, title, headingPath, scoreE4, flags }) => ({
      n,
      document_id: documentId,
      chunk_id: chunkId,
      title,
      heading_path: headingPath,
      score: scoreE4,
      ...(flags ? { flags } : {}),
    })),
    degraded: isDegraded,
  }
}

export interface SignalJson {
  /** 0 to 10000. */
  readonly confidence: number
  readonly reasons: readonly string[]
}

export function toSignalJson({ confidenceE4, reasons }: Signal): SignalJson {
  return { confidence: confidenceE4, reasons }
}

interface MetaJson {
  readonly request_id: string
  readonly ai_generated: true
  readonly provider: string
  readonly model: string
  readonly region: string
  readonly conversation_id?: string
}

function toMetaJson(
  { requestId, provider, model, region }: Opening,
  conversationId: string | undefined,
): MetaJson {
  return {
    request_id: requestId,
    ai_generated: true,
    provider,
    model,
    region,
    ...(conversationId === undefined ? {} : { conversation_id: conversationId }),
  }
}

/** A problem document that also says where the chat stands in the log. */
export function toChatProblem(
  result: Extract<ChatResult, { kind: 'failed' }>,
): Problem & { readonly receipt: ReceiptJson | null } {
  const { error, opening, receipt } = result
  return {
    ...toProblem(error, opening.requestId),
    receipt: receipt ? toReceiptJson(receipt) : null,
  }
}

/** The native API in a stream: named events. */
export function nativeVoice(conversationId: string | undefined): StreamVoice {
  return {
    open: (opening) =>
      eventFrame('meta', toMetaJson(opening, conversationId)) +
      eventFrame('sources', toSourcesJson(opening)),
    text: (text) => eventFrame('delta', { text }),
    close: (result) => {
      if (result.kind === 'failed') return eventFrame('error', toChatProblem(result))
      const verdict =
        result.kind === 'blocked'
          ? eventFrame('blocked', { stage: result.stage, reasons: result.reasons })
          : signalFrame(result.signal)
      return verdict + eventFrame('receipt', toReceiptJson(result.receipt)) + DONE
    },
  }
}

function signalFrame(signal: Signal | undefined): string {
  return signal ? eventFrame('signal', toSignalJson(signal)) : ''
}

/** The native API in one piece: the payloads of the events, by their names. */
export interface AnswerJson {
  readonly meta: MetaJson
  readonly sources: SourcesJson
  /** Null when blocked. */
  readonly answer: string | null
  readonly signal: SignalJson | null
  readonly blocked?: { readonly stage: string; readonly reasons: readonly string[] }
  readonly receipt: ReceiptJson
}

export function toAnswerJson(
  result: Exclude<ChatResult, { kind: 'failed' }>,
  conversationId: string | undefined,
): AnswerJson {
  const frame = {
    meta: toMetaJson(result.opening, conversationId),
    sources: toSourcesJson(result.opening),
  }
  const receipt = toReceiptJson(result.receipt)
  if (result.kind === 'blocked') {
    const blocked = { stage: result.stage, reasons: result.reasons }
    return { ...frame, answer: null, signal: null, blocked, receipt }
  }
  const signal = result.signal ? toSignalJson(result.signal) : null
  return { ...frame, answer: result.answer.text, signal, receipt }
}
