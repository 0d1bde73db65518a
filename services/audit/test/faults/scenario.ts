import type { AuditLog } from '../../src/audit-log.js'
import type { AppendInput } from '../../src/domain/draft.js'
import type { Appended } from '../../src/domain/outcome.js'
import { person } from './people.js'

/** Batches that are appended one after another; each is signed before the next one. */
export interface Scenario {
  readonly organizationId: string
  readonly batches: readonly (readonly AppendInput[])[]
}

/** Somebody asked for a record, and this is what was said. */
export type Answer =
  | { readonly id: string; readonly sequence: bigint; readonly leaf: string }
  | { readonly id: string; readonly refused: string }

/** Appends and signs once; what is refused is told, and not tried again. */
export async function play(
  log: AuditLog,
  { organizationId, batches }: Scenario,
  tell: (answer: Answer) => void,
): Promise<void> {
  for (const batch of batches) {
    await Promise.all(batch.map(async (input) => tell(await ask(log, organizationId, input))))
    await log.checkpoints.signWaiting()
  }
}

export async function ask(
  log: AuditLog,
  organizationId: string,
  input: AppendInput,
): Promise<Answer> {
  const { id } = input
  try {
    return answerOf(await log.append(log.readDraft(organizationId, person, input)))
  } catch (error) {
    return { id, refused: (error as { reason?: string }).reason ?? String(error) }
  }
}

function answerOf({ receipt: { id, sequence, leaf } }: Appended): Answer {
  return { id, sequence, leaf: leaf.toString('hex') }
}
