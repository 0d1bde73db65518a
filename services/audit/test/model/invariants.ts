import { incarnationOf, isPrefix, logOf, partsOf, type Row, type State } from './state.js'

export const UNIQUE_PLACE = 'no two acknowledged records share a place'
export const ACKNOWLEDGED_IS_DURABLE = 'acknowledged ⊆ durable prefix'
export const RESTORE_IS_NOTICED = 'a restored database took a write'
export const PUBLISHED_IS_DURABLE = 'published ⊆ durable prefix'
export const CHECKPOINTS_AGREE = 'checkpoints pairwise consistent'
export const ONE_RECORD = 'a request is one record'
export const ONE_LOG = 'only the ceremony starts another log'
export const NO_FALSE_ALARM = 'no alarm without a restore'

/**
 * Names an invariant that does not hold.
 *
 * Two things are no failures of the protocol but limits that SPEC.md, section 1, states. A restore
 * destroys records that no checkpoint covered yet without anybody noticing: those are exempt. And a
 * publisher that has read the database before a restore and stores its checkpoint after it publishes
 * what is gone: it is exempt from `published ⊆ durable prefix`, and everyone who compares from then on
 * must notice.
 */
export function broken(state: State): string | undefined {
  if (state.broken !== null) return state.broken
  if (!isUniquePlace(state)) return UNIQUE_PLACE
  if (!isAcknowledgedDurable(state)) return ACKNOWLEDGED_IS_DURABLE
  if (!isConsistent(state)) return CHECKPOINTS_AGREE
  if (!isOnce(state)) return ONE_RECORD
  if (state.database.filter(isFirstGenesis).length > 1) return ONE_LOG
  if (state.isAlarmed && state.restores === 0) return NO_FALSE_ALARM
  return undefined
}

function placeOf(row: Row): string {
  const { incarnation, sequence } = partsOf(row)
  return `${incarnation}/${sequence}`
}

function isUniquePlace({ acknowledged, destroyed }: State): boolean {
  const missed = new Set(destroyed.filter(({ wasCovered }) => !wasCovered).map(({ row }) => row))
  const lasting = acknowledged.filter((row) => !missed.has(row))
  return new Set(lasting.map(placeOf)).size === lasting.length
}

function isAcknowledgedDurable({ acknowledged, destroyed, database }: State): boolean {
  const there = new Set(database)
  const gone = new Set(destroyed.map(({ row }) => row))
  if (!acknowledged.every((row) => there.has(row) || gone.has(row))) return false
  // A log without a gap is a prefix of whatever it becomes.
  return [...new Set(database.map((row) => partsOf(row).incarnation))].every((incarnation) => {
    const sequences = new Set(logOf(database, incarnation).map((row) => partsOf(row).sequence))
    return sequences.has(0) && Math.max(...sequences) === sequences.size - 1
  })
}

function isConsistent({ store }: State): boolean {
  return store.every((one, index) =>
    store.slice(index + 1).every((other) => {
      if (incarnationOf(one.rows) !== incarnationOf(other.rows)) return true
      return isPrefix(one.rows, other.rows) || isPrefix(other.rows, one.rows)
    }),
  )
}

function isOnce({ database }: State): boolean {
  const requests = database.map((row) => partsOf(row).request)
  return new Set(requests).size === requests.length
}

function isFirstGenesis(row: Row): boolean {
  return partsOf(row).id.startsWith('genesis')
}
