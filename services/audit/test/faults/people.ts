import { formatMicros, systemClock, uuidv7 } from '@lexcustis/core'
import type { AppendInput, DraftActor } from '../../src/domain/draft.js'

export const person: DraftActor = {
  kind: 'user',
  via: 'jwt',
  role: 'member',
  subjectId: '0199c1d2-0000-7000-8000-000000000002',
}

/** Records of a person whose data key has to be made, with something for the vault. */
export function inputs(count: number): AppendInput[] {
  return Array.from({ length: count }, (_, index) => ({
    id: uuidv7(),
    type: 'document.ingested',
    occurredAt: formatMicros(systemClock.nowMicros()),
    ref: '',
    trace: '',
    attrsJson: '{"document":"d1"}',
    content: index === 0 ? [{ field: 'rationale', value: 'because' }] : [],
  }))
}
