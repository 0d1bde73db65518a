import type { Embedder } from '../embedder.js'
import type { PassageIndex } from '../passage-index.js'
import { addToIndex } from './add-to-index.js'
import { type Claim, ClaimLost, type WorkStore } from './work.js'

/** How long a document that could not be embedded waits, and how long nothing else is tried. */
const PAUSE_MS = 60_000

export interface EmbedAgainPorts {
  readonly work: WorkStore
  readonly index: PassageIndex
  readonly embedder: Embedder
  readonly leaseMs: number
  readonly onEmbedded: (claim: Claim, chunkCount: number) => void
  /** Tried again later. */
  readonly onFault: (claim: Claim, error: unknown) => void
}

/**
 * Embeds the next document that is ready but was embedded with another model, or with none. It stays
 * ready: what was in the index can be found until it is replaced. Returns how many were taken, 0 or 1.
 * After a failure nothing is taken for a minute, and the document itself is never failed.
 */
export function embedAgain(ports: EmbedAgainPorts) {
  let resumeAt = 0
  return async (signal: AbortSignal): Promise<number> => {
    if (isStopping(signal) || Date.now() < resumeAt) return 0
    const claim = await ports.work.claimOutdated(ports.leaseMs, ports.embedder.model)
    if (!claim) return 0
    const renewal = setInterval(() => void renew(ports, claim), ports.leaseMs / 3)
    try {
      await replaceEntries(ports, claim, signal)
    } catch (error) {
      if (error instanceof ClaimLost) return 1
      if (!isStopping(signal)) {
        ports.onFault(claim, error)
        resumeAt = Date.now() + PAUSE_MS
      }
      await release(ports, claim, isStopping(signal) ? 0 : PAUSE_MS)
    } finally {
      clearInterval(renewal)
    }
    return 1
  }
}

/** Asked again after every wait: it changes meanwhile. */
function isStopping({ aborted }: AbortSignal): boolean {
  return aborted
}

async function replaceEntries(
  { work, index, embedder, onEmbedded }: EmbedAgainPorts,
  claim: Claim,
  signal: AbortSignal,
): Promise<void> {
  const document = await work.open(claim)
  if (!document) throw new ClaimLost()
  const added = await addToIndex({ work, index, embedder }, claim, document, signal)
  await index.commit(claim.owner)
  await work.setReady(claim, added.chunkCount, added.embeddingModel)
  onEmbedded(claim, added.chunkCount)
}

async function renew({ work, leaseMs }: EmbedAgainPorts, claim: Claim): Promise<void> {
  // A lease that cannot be renewed shows at the next step, which throws ClaimLost.
  await work.renew(claim, leaseMs).catch(() => undefined)
}

/** When the database does not answer either, the lease runs out by itself. */
async function release({ work, onFault }: EmbedAgainPorts, claim: Claim, delayMs: number) {
  await work.release(claim, delayMs).catch((error: unknown) => {
    if (!(error instanceof ClaimLost)) onFault(claim, error)
  })
}
