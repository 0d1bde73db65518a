import { readCheckpoint } from '@lexcustis/evidence'
import { type CheckpointStore, type LogName, signedText } from '../checkpoint-store.js'

/**
 * Keeps a note as the one that continues the checkpoint of size `after`. False when another signer
 * was first; then its note is kept, also for one that died between claiming and keeping. Throws
 * CheckpointConflictError when the store has another checkpoint of that size.
 */
export async function keepCheckpoint(
  store: Pick<CheckpointStore, 'claim' | 'put'>,
  log: LogName,
  after: bigint,
  note: string,
): Promise<boolean> {
  const winner = await store.claim(log, after, note)
  await store.put(log, readCheckpoint(winner).size, winner)
  return signedText(winner) === signedText(note)
}
