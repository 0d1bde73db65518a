import { AppError } from '@lexcustis/core'

/** What only this service says: about its own chain, keys, checks and content. */
const OWN = /^(?:chain|key|verification|subject|content)\./

/**
 * Who may append what. Compliance speaks of incidents and of nothing else; everyone else on the
 * allow-list may say anything but what is this service's own. Throws FORBIDDEN.
 */
export function assertMayAppend(caller: string, type: string): void {
  const isAllowed = caller === 'compliance' ? type.startsWith('incident.') : !OWN.test(type)
  if (!isAllowed) throw new AppError('FORBIDDEN', `this caller may not append ${describe(type)}`)
}

function describe(type: string): string {
  return /^[a-z.]{1,40}$/.test(type) ? type : 'this type'
}
