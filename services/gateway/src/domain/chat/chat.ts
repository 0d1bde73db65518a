import type { Clock } from '@lexcustis/core'
import type { ChatAdmission } from '../admission.js'
import { answer, type Started } from './answer.js'
import { conclude } from './conclude.js'
import { elapsedMs } from './elapsed.js'
import { internalError } from './ending.js'
import { nothingYet } from './generate.js'
import type { Audience, ChatEvents, Checks, Evidence, Model, Search } from './ports.js'
import { hopOf, openingOf, prepare, type Prepared } from './prepare.js'
import { createEndRecorder } from './record-end.js'
import { appendOrRefuse, findUnansweredStart, mayBeDurable } from './record-start.js'
import { blockedInputRecord, startedRecord } from './records.js'
import type { ChatRequest } from './request.js'
import { type ChatResult, receiptOf } from './result.js'
import type { RunningChats } from './running-chats.js'
import type { ChatSettings } from './settings.js'
import type { Stop } from './stop.js'

export interface ChatPorts {
  readonly admission: ChatAdmission
  readonly checks: Checks
  readonly search: Search
  readonly model: Model
  readonly evidence: Evidence
  readonly events: ChatEvents
  readonly clock: Clock
  readonly running: RunningChats
}

/**
 * One question, from admission to receipt (docs/architecture.md). Rejects with an AppError only while
 * nothing was sent to a provider. From the durable start on it resolves, and exactly one end follows.
 */
export type Chat = (request: ChatRequest, audience: Audience, stop: Stop) => Promise<ChatResult>

/** Unanswered starts looked after at the same time; further ones are left to `lost`. */
const MAX_UNANSWERED = 100

export function createChat(ports: ChatPorts, settings: ChatSettings): Chat {
  const { admission, evidence, clock } = ports
  const recordEnd = createEndRecorder({ ...ports, settings })
  const concluding = { ...ports, recordEnd, receiptWaitMs: settings.receiptWaitMs }
  let unanswered = 0

  return async (request, audience, stop) => {
    const receivedMicros = clock.nowMicros()
    const admitted = await admission.admit(request.principal)
    try {
      const prepared = await prepare(ports, request, stop)
      if (prepared.verdict.isBlocked) return await refuseInput(prepared, audience)
      const started = await start(prepared, receivedMicros)
      return await answerInTime(started, audience, stop)
    } catch (error) {
      await admitted.release().catch(() => undefined)
      throw error
    }
  }

  async function refuseInput(prepared: Prepared, audience: Audience): Promise<ChatResult> {
    const { request, verdict } = prepared
    const record = blockedInputRecord(request, verdict, clock.nowMicros())
    const sealed = await appendOrRefuse(evidence, record, hopOf(request))
    const opening = openingOf(prepared)
    audience.open(opening)
    const { reasons } = verdict
    const receipt = receiptOf(request, opening, 'blocked', undefined, sealed)
    return { kind: 'blocked', opening, stage: 'input', reasons, answer: undefined, receipt }
  }

  async function start(prepared: Prepared, receivedMicros: bigint): Promise<Started> {
    const startedMicros = clock.nowMicros()
    const endsBy = new Date(Number(startedMicros / 1000n) + settings.maxMs)
    const opening = openingOf(prepared)
    const starting = { ...prepared, opening, receivedMicros, startedMicros, endsBy }
    try {
      const record = startedRecord(prepared, settings, startedMicros)
      // Without the client's signal: a start cut off in mid-air might be durable all the same.
      return {
        ...starting,
        sealed: await appendOrRefuse(evidence, record, hopOf(prepared.request)),
      }
    } catch (error) {
      if (mayBeDurable(error)) void closeUnanswered(starting, error)
      throw error
    }
  }

  /** The client has its 503. Should the start turn out to be durable, it gets its end now. */
  async function closeUnanswered(starting: Omit<Started, 'sealed'>, cause: unknown): Promise<void> {
    if (unanswered >= MAX_UNANSWERED) return
    unanswered += 1
    const { request } = starting
    const { lookAgainMs } = settings
    const hop = hopOf(request)
    const sealed = await findUnansweredStart(evidence, request.requestId, hop, lookAgainMs)
    unanswered -= 1
    if (!sealed) return
    const ending = internalError(nothingYet(starting), 'audit', cause)
    await conclude(concluding, { ...starting, sealed }, ending)
  }

  async function answerInTime(
    started: Started,
    audience: Audience,
    stop: Stop,
  ): Promise<ChatResult> {
    const leftMs = settings.maxMs - elapsedMs(started.startedMicros, clock.nowMicros())
    const timer = setTimeout(() => stop.now('timeout'), leftMs - marginMs(settings.maxMs))
    const ending = await answer(ports, started, audience, stop)
    clearTimeout(timer)
    return conclude(concluding, started, ending)
  }
}

/** A chat is stopped this much early, so that its end is recorded by the time its start promised. */
function marginMs(maxMs: number): number {
  return Math.min(500, maxMs / 10)
}
