import type { CheckpointStore } from '../domain/checkpoint-store.js'
import type { Witness } from '../domain/witness.js'

/**
 * A checkpoint store in other hands: a bucket of the customer's, a directory on another machine.
 * It opens at the first delivery, so that one which is away keeps nobody from starting. That it has
 * another checkpoint of the same size is CheckpointConflictError: two histories have been signed.
 */
export function createStoreWitness(
  name: string,
  open: () => Promise<Pick<CheckpointStore, 'put'>>,
): Witness {
  let opened: Promise<Pick<CheckpointStore, 'put'>> | undefined
  return {
    name,
    async push({ log, size, note }) {
      // Opened anew the next time when it is the opening that fails.
      opened ??= open().catch((error: unknown) => {
        opened = undefined
        throw error
      })
      await (await opened).put(log, size, note)
    },
  }
}
