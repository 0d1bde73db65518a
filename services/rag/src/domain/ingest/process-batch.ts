import { AppError } from '@lexcustis/core'
import type { Owner } from '../collection.js'
import type { Embedder } from '../embedder.js'
import type { PassageIndex } from '../passage-index.js'
import type { Added } from './add-to-index.js'
import { indexDocument } from './index-document.js'
import type { DocumentParser } from './parser.js'
import { type Claim, ClaimLost, type WorkStore } from './work.js'

/** A document that ends its worker's process must not be tried for ever. */
export const MAX_ATTEMPTS = 5
/** Documents whose entries are committed together: a commit costs more the larger the collection. */
const MAX_BATCH = 16
const MAX_BATCH_BYTES = 4_000_000

export interface ProcessPorts {
  readonly work: WorkStore
  readonly index: PassageIndex
  readonly parser: DocumentParser
  /** Undefined without an embedding model. */
  readonly embedder: Embedder | undefined
  readonly leaseMs: number
  readonly retryDelayMs: number
  readonly onReady: (claim: Claim, chunkCount: number) => void
  readonly onFailed: (claim: Claim, error: AppError) => void
  /** Entries of a version that was replaced remain in the index. */
  readonly onLeftover: (error: unknown) => void
  /** Tried again later. */
  readonly onFault: (claim: Claim, error: unknown) => void
}

interface Indexed extends Added {
  readonly claim: Claim
}

/**
 * Takes what waits, up to a batch, and brings each document to ready or failed. One that fails does
 * not hold up the others. Returns how many were taken. When `signal` fires, what is
 * not finished is given back.
 */
export function processBatch(ports: ProcessPorts) {
  return async (signal: AbortSignal): Promise<number> => {
    const held = new Set<Claim>()
    const renewal = setInterval(() => void renewAll(ports, held), ports.leaseMs / 3)
    try {
      const indexed: Indexed[] = []
      let taken = 0
      let bytes = 0
      while (taken < MAX_BATCH && bytes < MAX_BATCH_BYTES && !signal.aborted) {
        const claim = await ports.work.claim(ports.leaseMs)
        if (!claim) break
        taken++
        held.add(claim)
        const result = await attempt(ports, claim, signal, async () => begin(ports, claim, signal))
        bytes += result?.sizeBytes ?? 0
        if (result?.added) indexed.push({ claim, ...result.added })
        else held.delete(claim)
      }
      await finish(ports, indexed, signal)
      return taken
    } finally {
      clearInterval(renewal)
    }
  }
}

async function renewAll({ work, leaseMs }: ProcessPorts, held: ReadonlySet<Claim>): Promise<void> {
  // A lease that cannot be renewed shows at the next step, which throws ClaimLost.
  await Promise.allSettled([...held].map(async (claim) => work.renew(claim, leaseMs)))
}

async function begin(
  ports: ProcessPorts,
  claim: Claim,
  signal: AbortSignal,
): Promise<{ sizeBytes: number; added?: Added }> {
  const document = await ports.work.open(claim)
  if (!document) {
    await ports.index.remove(claim.owner, claim.documentId)
    await ports.work.forget(claim)
    return { sizeBytes: 0 }
  }
  if (claim.attempt > MAX_ATTEMPTS) {
    throw new AppError('INVALID_INPUT', `could not be processed in ${MAX_ATTEMPTS} attempts`)
  }
  const added = await indexDocument(ports)(claim, document, signal)
  return { sizeBytes: document.sizeBytes, added }
}

/** Commits each collection once; only then is a document ready. */
async function finish(
  ports: ProcessPorts,
  indexed: readonly Indexed[],
  signal: AbortSignal,
): Promise<void> {
  const byOwner = new Map<Owner, Indexed[]>()
  for (const item of indexed) {
    byOwner.set(item.claim.owner, [...(byOwner.get(item.claim.owner) ?? []), item])
  }
  for (const [owner, items] of byOwner) {
    const committed = ports.index.commit(owner)
    for (const { claim, chunkCount, embeddingModel } of items) {
      await attempt(ports, claim, signal, async () => {
        await committed
        const replaced = await ports.work.setReady(claim, chunkCount, embeddingModel)
        ports.onReady(claim, chunkCount)
        // It is found no more; its entries would only be in the way of others.
        if (replaced !== undefined) await removeEntries(ports, owner, replaced)
      })
    }
  }
}

async function removeEntries(ports: ProcessPorts, owner: Owner, documentId: string): Promise<void> {
  await ports.index.remove(owner, documentId).catch(ports.onLeftover)
}

/** Runs a step; an error ends or delays this document, never the batch. */
async function attempt<T>(
  ports: ProcessPorts,
  claim: Claim,
  signal: AbortSignal,
  step: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    await settle(ports, claim, signal, error).catch((fault: unknown) => ports.onFault(claim, fault))
    return undefined
  }
}

async function settle(
  ports: ProcessPorts,
  claim: Claim,
  signal: AbortSignal,
  error: unknown,
): Promise<void> {
  if (error instanceof ClaimLost) return
  if (signal.aborted) {
    await ports.work.release(claim, 0)
    return
  }
  if (error instanceof AppError && error.reason === 'INVALID_INPUT') {
    await ports.work.setFailed(claim, error.message)
    ports.onFailed(claim, error)
    return
  }
  ports.onFault(claim, error)
  await ports.work.release(claim, ports.retryDelayMs * 2 ** claim.attempt)
}
