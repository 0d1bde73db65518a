import { CommittedField as FieldMessage } from '@lexcustis/proto/audit'
import { COMMITTED_FIELDS, type CommittedField } from '@lexcustis/evidence'

const MESSAGES = {
  prompt: FieldMessage.PROMPT,
  response: FieldMessage.RESPONSE,
  passages: FieldMessage.PASSAGES,
  originals: FieldMessage.ORIGINALS,
  rationale: FieldMessage.RATIONALE,
} as const satisfies Record<CommittedField, FieldMessage>

export function toFieldMessage(field: CommittedField): FieldMessage {
  return MESSAGES[field]
}

/** Undefined for a field that does not exist. */
export function fromFieldMessage(message: FieldMessage): CommittedField | undefined {
  return COMMITTED_FIELDS.find((field) => MESSAGES[field] === message)
}
