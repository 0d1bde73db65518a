import { AppError } from '@lexcustis/core'
import {
  Check as WireCheck,
  Decision,
  type Finding as WireFinding,
  type Message as WireMessage,
  Mode as WireMode,
  type Policy as WirePolicy,
  Role,
} from '@lexcustis/proto/compliance'
import { type Check, CHECKS, type Finding } from '../domain/check.js'
import type { Message, Speaker } from '../domain/conversation.js'
import type { Mode, Policy } from '../domain/policy.js'

const WIRE_CHECKS: Readonly<Record<Check, WireCheck>> = {
  pii: WireCheck.PII,
  injection: WireCheck.INJECTION,
  bias: WireCheck.BIAS,
  grounding: WireCheck.GROUNDING,
}

const WIRE_MODES: Readonly<Record<Mode, WireMode>> = {
  monitor: WireMode.MONITOR,
  block: WireMode.BLOCK,
}

const SPEAKERS: ReadonlyMap<Role, Speaker> = new Map([
  [Role.SYSTEM, 'system'],
  [Role.USER, 'user'],
  [Role.ASSISTANT, 'assistant'],
])

export function fromMessage({ role, content }: WireMessage, index: number): Message {
  const speaker = SPEAKERS.get(role)
  if (!speaker) throw invalid(`/messages/${index}/role`, 'must be system, user or assistant')
  return { speaker, content }
}

export function fromCheck(wire: WireCheck, pointer: string): Check {
  const check = CHECKS.find((known) => WIRE_CHECKS[known] === wire)
  if (!check) throw invalid(pointer, 'must be pii, injection, bias or grounding')
  return check
}

/** Throws UNIMPLEMENTED for masking, which a later version brings. */
export function fromMode(wire: WireMode, pointer: string): Mode {
  if (wire === WireMode.MASK) {
    throw new AppError(
      'UNIMPLEMENTED',
      'MODE_MASK (replacing what was found) is not implemented in this version; use MODE_MONITOR or MODE_BLOCK',
    )
  }
  if (wire === WireMode.MONITOR) return 'monitor'
  if (wire === WireMode.BLOCK) return 'block'
  throw invalid(pointer, 'must be monitor, mask or block')
}

export function toFinding({ check, ...finding }: Finding): WireFinding {
  return { ...finding, check: WIRE_CHECKS[check] }
}

export function toDecision(reasons: readonly string[]): Decision {
  return reasons.length > 0 ? Decision.BLOCK : Decision.ALLOW
}

export function toPolicy({ version, modes }: Policy): WirePolicy {
  return {
    version,
    checks: CHECKS.map((check) => ({ check: WIRE_CHECKS[check], mode: WIRE_MODES[modes[check]] })),
  }
}

export function invalid(pointer: string, detail: string): AppError {
  return new AppError('INVALID_INPUT', `${pointer} ${detail}`, { errors: [{ pointer, detail }] })
}
