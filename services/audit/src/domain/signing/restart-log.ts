import { AppError, type Clock } from '@lexcustis/core'
import { genesisAttrs, type Predecessor } from '../genesis.js'
import type { Keyring } from '../keyring.js'
import type { Batch, LogStore } from '../ports.js'
import { sealBatch } from '../seal-batch.js'
import { compareLog, type CompareDeps } from './compare-log.js'
import { DivergedError } from './divergence.js'
import type { TreeStore } from './ports.js'
import { newestCheckpoint } from './stored-checkpoint.js'

export interface RestartDeps extends CompareDeps {
  readonly trees: Pick<TreeStore, 'head' | 'view'>
  readonly log: Pick<LogStore, 'write'>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly vkeyOf: (organizationId: string, incarnation: string) => string
}

export interface Restarted {
  readonly incarnation: string
  readonly predecessor: Predecessor
}

/**
 * The restore ceremony (SPEC.md, section 4): a new incarnation whose genesis names the newest stored
 * checkpoint of the one before and how many of its records are still there. Only for a log that
 * differs from what was signed: throws CONFLICT for any other, NOT_FOUND when nothing was signed.
 */
export async function restartLog(deps: RestartDeps, organizationId: string): Promise<Restarted> {
  const before = await deps.trees.head(organizationId)
  await assertDiverged(deps, organizationId)
  const predecessor = await predecessorOf(deps, organizationId)
  const genesis = genesisAttrs(deps.origin, deps.vkeyOf, predecessor)
  const incarnation = await deps.log.write(organizationId, [], async (tx) => {
    const options = {
      keyring: deps.keyring,
      genesis,
      organizationId,
      head: undefined,
      subjects: new Map(),
      nowMicros: deps.clock.nowMicros(),
    }
    const parts: Batch[] = []
    const sealed = sealBatch([], options, (part) => parts.push(part))
    // Under the lock: nobody else held the ceremony since the comparison.
    if (tx.tail?.incarnation !== before?.incarnation) {
      throw new AppError('CONFLICT', 'another incarnation was started in the meantime')
    }
    const newest = [predecessor.inc, tx.tail?.incarnation ?? ''].sort().at(-1) ?? ''
    if (newest >= sealed.incarnation) {
      throw new AppError('CONFLICT', 'the clock is before the start of the log to be continued')
    }
    for (const part of parts) tx.insert(part)
    return sealed.incarnation
  })
  return { incarnation, predecessor }
}

async function assertDiverged(deps: RestartDeps, organizationId: string): Promise<void> {
  try {
    await compareLog(deps, organizationId)
  } catch (error) {
    if (error instanceof DivergedError) return
    throw error
  }
  throw new AppError('CONFLICT', 'the log agrees with what was signed; there is nothing to restart')
}

async function predecessorOf(deps: RestartDeps, organizationId: string): Promise<Predecessor> {
  const inc = (await deps.store.incarnations(organizationId)).at(-1)
  const log = { organizationId, incarnation: inc ?? '' }
  const signed = inc === undefined ? undefined : await newestCheckpoint(deps, log)
  if (!signed) throw new AppError('NOT_FOUND', 'nothing was signed of this organisation')
  const kept = await deps.trees.view(log, async (view) => view.count())
  return {
    inc: log.incarnation,
    size: String(signed.size),
    root: Buffer.from(signed.root).toString('base64'),
    kept: String(kept),
  }
}
