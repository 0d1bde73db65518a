import type { Model, Step } from './explorer.js'
import { broken } from './invariants.js'
import { publisherSteps } from './publisher.js'
import { commit, type Config, isFree, type Rules } from './rules.js'
import {
  headOf,
  isDiverged,
  isSuccessor,
  logOf,
  NEW_WRITER,
  newestOf,
  partsOf,
  type Publisher,
  type Row,
  type State,
  type Writer,
} from './state.js'
import { afterLoss, crashed, writerSteps } from './writer.js'

/**
 * The log's protocol as a transition system: any number of writers, publishers and an operator take
 * atomic steps in any order, and in between processes crash, connections break and the database is
 * restored from a backup. What each step stands for is said where it is made: writer.ts, publisher.ts
 * and below.
 *
 * | here | in the code |
 * |---|---|
 * | disconnect while a COMMIT is under way → orphan, which ends either way | a backend that has not noticed; `OutcomeUnknownError` |
 * | crash | kill -9 of the process; its memory is gone, its callers ask again with the same ids |
 * | restore to k rows | point-in-time recovery; all rows: a restart of PostgreSQL. Locks, transactions and connections are gone |
 * | ceremony | the restore command of SPEC.md, section 4 |
 */
export function protocol(config: Config): Model<State> {
  return {
    initial: initialState(config),
    key: keyOf,
    steps: (state) => stepsOf(state, config).map(inOrder),
    violation: (state) => broken(state),
    isGoal,
    sights,
  }
}

/** Everything asked for has its receipt, and what is in the log is signed. */
function isGoal({ writers, publishers, database, store, isAlarmed }: State): boolean {
  if (isAlarmed || writers.some(({ todo }) => todo.length > 0)) return false
  const newest = newestOf(store)
  if (isDiverged(database, newest)) return false
  const head = headOf(database)
  if (publishers.length === 0 || !head) return true
  return newest?.rows.at(-1) === logOf(database, head.incarnation).at(-1)
}

/** What must come up somewhere, or the faults are not what they are meant to be. */
function sights(state: State): string[] {
  const { acknowledged, orphans, store, destroyed, database, writers } = state
  const gone = destroyed.filter(({ row }) => acknowledged.includes(row))
  const found: readonly (readonly [string, boolean])[] = [
    ['a COMMIT whose client is gone', orphans.length > 0],
    ['a batch found after its answer was lost', writers.some(hasFoundBatch)],
    ['a receipt for two askers', hasAskedTwice(state)],
    ['an acknowledged record lost that no checkpoint covered', gone.some((one) => !one.wasCovered)],
    ['an acknowledged record lost that a checkpoint covered', gone.some((one) => one.wasCovered)],
    ['a checkpoint published after a restore', store.some(({ isLate }) => isLate)],
    ['a ceremony', database.some((row) => row.includes('/successor'))],
    ['an acknowledged record after a ceremony', acknowledged.some(isInSuccessor(database))],
  ]
  return found.flatMap(([name, isSeen]) => (isSeen ? [name] : []))
}

function hasFoundBatch({ phase, unconfirmed, receipts }: Writer): boolean {
  return phase === 'commit' && unconfirmed.some((row) => receipts.includes(row))
}

function hasAskedTwice({ writers, acknowledged }: State): boolean {
  return writers.some(({ phase, receipts }) => {
    return phase === 'reply' && receipts.some((row) => acknowledged.includes(row))
  })
}

function isInSuccessor(database: readonly Row[]): (row: Row) => boolean {
  return (row) => isSuccessorLog(database, partsOf(row).incarnation)
}

function isSuccessorLog(database: readonly Row[], incarnation: number): boolean {
  return database.some((row) => isSuccessor(row, incarnation))
}

const PUBLISHER: Publisher = { phase: 'idle', known: -1, rows: [], isStale: false }

function initialState({ todo, publishers, faults, isNew = false }: Config): State {
  return {
    database: isNew ? [] : ['0/0/genesis0/-'],
    lock: null,
    orphans: [],
    writers: todo.map((ids) => ({ ...NEW_WRITER, todo: ids })),
    publishers: Array.from({ length: publishers }, () => PUBLISHER),
    store: [],
    nextIncarnation: isNew ? 0 : 1,
    isAlarmed: false,
    left: { crashes: 0, disconnects: 0, restores: 0, ...faults },
    acknowledged: [],
    destroyed: [],
    restores: 0,
    broken: null,
  }
}

/** Nobody can tell two publishers or two orphans apart: states that differ in this are the same. */
function inOrder({ label, next }: Step<State>): Step<State> {
  const publishers = sorted(next.publishers, keyOfPublisher)
  const orphans = sorted(next.orphans, ({ rows }) => rows.join(' '))
  return { label, next: { ...next, publishers, orphans } }
}

function keyOf(state: State): string {
  const { database, lock, orphans, writers, publishers, store, nextIncarnation, isAlarmed } = state
  const { left, acknowledged, destroyed, restores, broken: flaw } = state
  return [
    database.join(' '),
    lock,
    orphans.map(({ rows, known, hasLock }) => [rows.join(' '), known, hasLock].join()).join(';'),
    writers.map(cachedKeyOfWriter).join(';'),
    publishers.map(keyOfPublisher).join(';'),
    store.map(({ rows, isLate }) => [rows.join(' '), isLate].join()).join(';'),
    nextIncarnation,
    isAlarmed,
    [left.crashes, left.disconnects, left.restores].join(),
    acknowledged.join(' '),
    destroyed.map(({ row, wasCovered }) => [row, wasCovered].join()).join(';'),
    restores,
    flaw,
  ].join('|')
}

/** Most states share their writers with others. */
const WRITER_KEYS = new WeakMap<Writer, string>()

function cachedKeyOfWriter(writer: Writer): string {
  let key = WRITER_KEYS.get(writer)
  if (key === undefined) WRITER_KEYS.set(writer, (key = keyOfWriter(writer)))
  return key
}

function keyOfWriter(writer: Writer): string {
  const { todo, phase, batch, isConnected, known, isCompared, isCareful, head } = writer
  const { unconfirmed, sealed, receipts } = writer
  const place = head ? `${head.incarnation}/${head.sequence}` : ''
  const flags = [isConnected, known, isCompared, isCareful, place].join(' ')
  const rows = [unconfirmed.join(' '), sealed.join(' '), receipts.join(' ')]
  return [phase, todo.join(' '), batch.join(' '), flags, ...rows].join()
}

function keyOfPublisher({ phase, known, rows, isStale }: Publisher): string {
  return [phase, known, rows.join(' '), isStale].join()
}

function sorted<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  if (items.length < 2) return items
  return items.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

function stepsOf(state: State, config: Config): Step<State>[] {
  return [
    ...state.writers.flatMap((_, index) => writerSteps(state, index, config)),
    ...state.publishers.flatMap((_, index) => publisherSteps(state, index, config.rules)),
    ...orphanSteps(state, config.rules),
    ...ceremonySteps(state, config.rules),
    ...crashes(state),
    ...disconnects(state, config.rules),
    ...restores(state, config.rules),
  ]
}

function orphanSteps(state: State, rules: Rules): Step<State>[] {
  return state.orphans.flatMap((orphan, index) => {
    const next = { ...state, orphans: state.orphans.filter((_, other) => other !== index) }
    return [
      { label: `orphan commits ${orphan.rows.join(' ')}`, next: commit(next, orphan, rules) },
      { label: `orphan aborts ${orphan.rows.join(' ')}`, next },
    ]
  })
}

/** What a clock gives that was set back to before the first log. */
const BEFORE_ALL = -2

/** The operator's restore command: under the lock, and only when the database has diverged indeed. */
function ceremonySteps(state: State, rules: Rules): Step<State>[] {
  if (!state.isAlarmed || !isFree(state)) return []
  const newest = newestOf(state.store)
  if (!newest || !isDiverged(state.database, newest)) {
    return [{ label: 'operator finds nothing wrong', next: { ...state, isAlarmed: false } }]
  }
  const isBack = rules.ceremony === 'clock-set-back'
  const incarnation = isBack ? BEFORE_ALL : state.nextIncarnation
  if (state.database.some((row) => isSuccessor(row, incarnation))) return []
  const genesis = `${incarnation}/0/successor${incarnation}/-`
  const next = {
    ...state,
    database: [...state.database, genesis],
    nextIncarnation: state.nextIncarnation + 1,
    isAlarmed: false,
  }
  return [{ label: `restore ceremony: ${genesis}, predecessor ${newest.rows.join(' ')}`, next }]
}

function crashes(state: State): Step<State>[] {
  if (state.left.crashes === 0) return []
  const left = { ...state.left, crashes: state.left.crashes - 1 }
  const steps: Step<State>[] = []
  for (const [index, { phase, isConnected }] of state.writers.entries()) {
    if (phase === 'idle' && !isConnected) continue
    steps.push({ label: `writer ${index} crashes`, next: { ...crashed(state, index), left } })
  }
  for (const [index, { phase }] of state.publishers.entries()) {
    if (phase === 'idle') continue
    const publishers = state.publishers.with(index, PUBLISHER)
    steps.push({ label: 'a publisher crashes', next: { ...state, publishers, left } })
  }
  return steps
}

function disconnects(state: State, rules: Rules): Step<State>[] {
  if (state.left.disconnects === 0) return []
  const left = { ...state.left, disconnects: state.left.disconnects - 1 }
  return state.writers.flatMap(({ isConnected }, index) => {
    if (!isConnected) return []
    const next = { ...afterLoss(state, index, rules), left }
    return [{ label: `writer ${index} loses its connection`, next }]
  })
}

/** To any earlier state of the database, the present one included. */
function restores(state: State, rules: Rules): Step<State>[] {
  if (state.left.restores === 0) return []
  const left = { ...state.left, restores: state.left.restores - 1 }
  return Array.from({ length: state.database.length + 1 }, (_, kept) => {
    let next: State = state
    for (const index of state.writers.keys()) next = afterLoss(next, index, rules, true)
    const gone = state.database.slice(kept).map((row) => ({
      row,
      wasCovered: state.store.some(({ rows }) => rows.includes(row)),
    }))
    return {
      label: `restore to ${kept} of ${state.database.length} rows`,
      next: {
        ...next,
        left,
        database: state.database.slice(0, kept),
        lock: null,
        orphans: [],
        publishers: state.publishers.map((publisher) => ({
          ...publisher,
          isStale: publisher.isStale || publisher.rows.length > 0,
        })),
        destroyed: [...state.destroyed, ...gone],
        restores: state.restores + 1,
      },
    }
  })
}
