import type { Envelope } from '../envelope.js'

const ENDS: readonly string[] = ['chat.completed', 'chat.blocked', 'chat.aborted']
/** Starts that are remembered; chats end soon, so few are open at a time. */
const MAX_OPEN = 200_000

/** Counts chats that began and did not end. */
export interface OpenChats {
  record(envelope: Envelope): void
  readonly count: number
}

export function createOpenChats(): OpenChats {
  const open = new Set<string>()
  let forgotten = 0
  return {
    record: ({ id, ref, type }) => {
      if (type === 'chat.started') {
        if (open.size < MAX_OPEN) open.add(id)
        else forgotten += 1
      } else if (ref !== undefined && ENDS.includes(type)) {
        // One that was not remembered may be what ends here.
        if (!open.delete(ref) && forgotten > 0) forgotten -= 1
      }
    },
    get count() {
      return open.size + forgotten
    },
  }
}
