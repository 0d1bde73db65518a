import type { Step } from './explorer.js'
import type { Rules } from './rules.js'
import {
  headOf,
  incarnationOf,
  isDiverged,
  isPrefix,
  logOf,
  newestOf,
  type Publisher,
  type Row,
  type State,
} from './state.js'

const IDLE: Publisher = { phase: 'idle', known: -1, rows: [], isStale: false }

/**
 * What a signer can do next (SPEC.md, section 4).
 *
 * | step | stands for |
 * |---|---|
 * | reads the store | `CheckpointStore.newest` of the organisation's newest incarnation |
 * | reads the database | leaves recomputed from the bytes of every committed record; compared with the note |
 * | puts | `CheckpointStore.put`; what it returns is released afterwards, so only what is stored is |
 */
export function publisherSteps(state: State, index: number, rules: Rules): Step<State>[] {
  const publisher = state.publishers[index]!
  const step = (label: string, changes: Partial<State>, own: Publisher): Step<State> => ({
    // Publishers are told apart by what they know only, so a number would mislead.
    label: `a publisher ${label}`,
    next: { ...state, ...changes, publishers: state.publishers.with(index, own) },
  })
  switch (publisher.phase) {
    case 'idle':
      if (!hasWork(state)) return []
      return rules.publisherReads === 'store-first'
        ? [step('reads the store', {}, { ...IDLE, phase: 'half', known: state.store.length })]
        : [step('reads the database', {}, { ...IDLE, phase: 'half', rows: read(state, rules) })]
    case 'half': {
      const isStoreFirst = rules.publisherReads === 'store-first'
      const rows = isStoreFirst ? read(state, rules) : publisher.rows
      const known = isStoreFirst ? publisher.known : state.store.length
      const what = isStoreFirst ? 'reads the database' : 'reads the store'
      return [
        judge(state, rules, { ...publisher, phase: 'put', rows, known }, (own, alarm) =>
          step(
            `${what}${alarm ? ' and finds it diverged' : ''}`,
            alarm ? { isAlarmed: true } : {},
            own,
          ),
        ),
      ]
    }
    case 'put':
      return [put(state, rules, publisher, (label, store) => step(label, { store }, IDLE))]
  }
}

function newestLog({ database }: Pick<State, 'database'>): readonly Row[] {
  const head = headOf(database)
  return head ? logOf(database, head.incarnation) : []
}

function read({ database, writers }: State, { publisherSource }: Rules): readonly Row[] {
  if (publisherSource === 'database') return newestLog({ database })
  const inFlight = writers.filter(({ phase }) => phase === 'commit')
  return newestLog({ database: [...database, ...inFlight.flatMap(({ sealed }) => sealed)] })
}

/** There is something to sign, or something to complain about. */
function hasWork({ database, store, isAlarmed }: State): boolean {
  const newest = newestOf(store)
  if (isDiverged(database, newest)) return !isAlarmed
  return newestLog({ database }).at(-1) !== newest?.rows.at(-1)
}

function judge(
  { store }: State,
  { publisherCompares }: Rules,
  publisher: Publisher,
  done: (own: Publisher, isAlarmed: boolean) => Step<State>,
): Step<State> {
  const newest = newestOf(store, publisher.known)
  if (!publisherCompares) return done(publisher.rows.length > 0 ? publisher : IDLE, false)
  if (isDiverged(publisher.rows, newest)) return done(IDLE, true)
  const isNew = publisher.rows.length > 0 && newest?.rows.at(-1) !== publisher.rows.at(-1)
  return done(isNew ? publisher : IDLE, false)
}

function put(
  state: State,
  rules: Rules,
  { rows, known, isStale }: Publisher,
  done: (label: string, store: State['store']) => Step<State>,
): Step<State> {
  const { store, database } = state
  const incarnation = incarnationOf(rows)
  const isOfLog = (other: { readonly rows: readonly Row[] }) =>
    incarnationOf(other.rows) === incarnation
  const isTaken = {
    next: () => store.slice(known).some(isOfLog),
    size: () => store.some((other) => isOfLog(other) && other.rows.length === rows.length),
    overwrite: () => false,
  }[rules.put]()
  if (isTaken) return done('is refused by the store', store)
  const isDurable = isPrefix(rows, logOf(database, incarnation))
  const step = done(`stores ${rows.join(' ')}`, [...store, { rows, isLate: !isDurable }])
  if (isDurable || isStale) return step
  return { ...step, next: { ...step.next, broken: 'published ⊆ durable prefix' } }
}
