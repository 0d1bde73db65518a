import type { Step } from './explorer.js'
import { commit, type Config, isFree, isRefused, type Rules } from './rules.js'
import {
  headOf,
  isDiverged,
  NEW_WRITER,
  newestOf,
  partsOf,
  type Row,
  type State,
  type Writer,
  type WriterPhase,
} from './state.js'

/**
 * What a writer can do next.
 *
 * | phase | step | in the code |
 * |---|---|---|
 * | idle | draws a batch | `AppendQueue.#draw` |
 * | start | connects, or takes a connection it has | `createPgLogStore.write`, `connect` |
 * | store | reads the newest checkpoint | the guard, before a connection's first write |
 * | lock | takes the lock | `open`: `pg_advisory_xact_lock` |
 * | head | reads the head; compares | `open`: the statement after it; the guard |
 * | settle | looks what is there, seals | `BatchWriting.#settle`: `#wasWritten`, `#settled`, `sealBatch` |
 * | insert | inserts; refused → once more | `insert`; `TakenError` → `#afterFailure` |
 * | commit | the server commits | `commit` |
 * | reply | the answer arrives; receipts | `#outcomes`, `answer` of AppendQueue |
 * | start, careful | gives up; callers ask again | `unavailable` |
 *
 * Sealing happens in the step of the last look, which under the lock makes no difference.
 */
export function writerSteps(state: State, index: number, config: Config): Step<State>[] {
  const steps = fineSteps(state, index, config)
  return config.isCoarse ? steps.map((step) => joined(step, index, config)) : steps
}

function joined(step: Step<State>, index: number, config: Config): Step<State> {
  const { lock } = step.next
  const { phase } = step.next.writers[index]!
  const isInside = lock === index && (phase === 'head' || phase === 'settle' || phase === 'insert')
  if (phase !== 'store' && !isInside) return step
  const [after] = fineSteps(step.next, index, config)
  const next = after && joined(after, index, config)
  return next ? { label: `${step.label}; ${next.label}`, next: next.next } : step
}

function fineSteps(state: State, index: number, config: Config): Step<State>[] {
  const { rules } = config
  const writer = state.writers[index]!
  const step = (
    label: string,
    own: Partial<Writer>,
    changes: Partial<State> = {},
  ): Step<State> => ({
    label: `writer ${index} ${label}`,
    next: { ...state, ...changes, writers: state.writers.with(index, { ...writer, ...own }) },
  })
  const own: Own = { state, index, writer, config, step }
  switch (writer.phase) {
    case 'idle': {
      const batch = writer.todo.slice(0, config.maxBatch)
      if (batch.length === 0) return []
      return [step(`begins ${batch.join(' ')}`, { batch, ...begin(writer, rules) })]
    }
    case 'start': {
      const again = step('begins again', begin(writer, rules))
      return writer.isCareful ? [again, step('gives up', GIVEN_UP)] : [again]
    }
    case 'store':
      return [
        step('reads the store', {
          known: state.store.length,
          isCompared: false,
          phase: firstPhase(rules),
        }),
      ]
    case 'lock':
      return isFree(state) ? [afterLock(own)] : []
    case 'head':
      return [readHead(own)]
    case 'settle':
      return [settle(own)]
    case 'insert':
      return insert(own)
    case 'commit':
      return [committed(own)]
    case 'reply':
      return [reply(own)]
  }
}

interface Own {
  readonly state: State
  readonly index: number
  readonly writer: Writer
  readonly config: Config
  readonly step: (label: string, own: Partial<Writer>, changes?: Partial<State>) => Step<State>
}

const GIVEN_UP: Partial<Writer> = {
  phase: 'idle',
  batch: [],
  isCareful: false,
  unconfirmed: [],
  sealed: [],
  receipts: [],
}

function firstPhase({ lock, head }: Rules): WriterPhase {
  return head === 'before-lock' || lock === 'none' ? 'head' : 'lock'
}

function begin(writer: Writer, rules: Rules): Partial<Writer> {
  const mustRead = rules.guard !== 'none' && writer.known === -1
  const isConnected = !(mustRead && rules.guard === 'before-connecting')
  if (mustRead) return { phase: 'store', isConnected }
  if (rules.head === 'cached' && writer.head) return { phase: 'settle', isConnected }
  return { phase: firstPhase(rules), isConnected }
}

function afterLock({ index, config, step }: Own): Step<State> {
  const phase = config.rules.head === 'before-lock' ? 'settle' : 'head'
  return step('takes the lock', { phase, isConnected: true }, { lock: index })
}

function readHead({ state, index, writer, config, step }: Own): Step<State> {
  const { rules } = config
  const { database, store, lock } = state
  const head = headOf(database)
  const newest = newestOf(store, Math.max(writer.known, 0))
  const isBehind =
    newest !== undefined && (head?.sequence ?? -1) < partsOf(newest.rows.at(-1)!).sequence
  const mustCompare = rules.guard !== 'none' && (!writer.isCompared || isBehind)
  if (mustCompare && isDiverged(database, newest)) {
    const own = { ...GIVEN_UP, known: -1, isCompared: false, isConnected: true }
    const freed = lock === index ? null : lock
    return step('reads the head and finds it diverged', own, { lock: freed, isAlarmed: true })
  }
  const isCompared = rules.guard !== 'none'
  const mustLock =
    (rules.head === 'before-lock' && rules.lock !== 'none') ||
    (rules.head === 'cached' && !head && rules.genesis === 'locked' && lock !== index)
  const phase = mustLock ? 'lock' : 'settle'
  const label = head ? `reads the head ${head.incarnation}/${head.sequence}` : 'finds no log'
  return step(label, { head, isCompared, phase, isConnected: true })
}

/** BatchWriting.#settle, up to the INSERT. */
function settle({ state, index, writer, config, step }: Own): Step<State> {
  const { rules } = config
  const { batch, unconfirmed, isCareful } = writer
  const { database } = state
  const stored = (id: string) => database.filter((row) => partsOf(row).id === id)
  const last = unconfirmed.at(-1)
  const wasWritten = last !== undefined && database.includes(last)
  if (last !== undefined && (wasWritten || rules.recovery === 'assume-written')) {
    const ours = unconfirmed.filter((row) => batch.includes(partsOf(row).id))
    const missing = batch.filter((id) => !ours.some((row) => partsOf(row).id === id))
    const receipts = [...ours, ...missing.flatMap(stored)]
    return step('finds its batch', { phase: 'commit', sealed: [], receipts })
  }
  const isRenaming = last !== undefined && rules.recovery === 'new-ids'
  const ids = isRenaming ? batch.map((id) => `${id}'`) : batch
  const known = isCareful && !isRenaming ? ids.flatMap(stored) : []
  const fresh = ids.filter((id) => !known.some((row) => partsOf(row).id === id))
  const { rows, nextIncarnation } = seal(state, writer, `${index}.${state.restores}`, fresh)
  const own: Partial<Writer> = { batch: ids, sealed: rows, receipts: known, unconfirmed: [] }
  if (fresh.length === 0) return step('finds all of it', { ...own, sealed: [], phase: 'commit' })
  return step(`seals ${rows.join(' ')}`, { ...own, phase: 'insert' }, { nextIncarnation })
}

/** `sealBatch`: each its place after the head, an empty log its genesis first. */
function seal(
  { nextIncarnation }: State,
  { head }: Writer,
  by: string,
  ids: readonly string[],
): { readonly rows: readonly Row[]; readonly nextIncarnation: number } {
  if (ids.length === 0) return { rows: [], nextIncarnation }
  if (head) {
    const rows = ids.map((id, at) => `${head.incarnation}/${head.sequence + 1 + at}/${id}/${by}`)
    return { rows, nextIncarnation }
  }
  const all = [`genesis${nextIncarnation}`, ...ids]
  const rows = all.map((id, at) => `${nextIncarnation}/${at}/${id}/${by}`)
  return { rows, nextIncarnation: nextIncarnation + 1 }
}

function insert({ state, index, writer, config, step }: Own): Step<State>[] {
  const { rules } = config
  const { sealed } = writer
  const isRefusedBeside = (rows: readonly Row[]) =>
    sealed.some((row) => isRefused(rows, row, rules))
  if (rules.onConflict === 'refuse' && isRefusedBeside(state.database)) {
    const lock = state.lock === index ? null : state.lock
    const own: Partial<Writer> = { phase: 'start', isCareful: true, sealed: [], head: null }
    return [step('is refused', { ...own, receipts: [] }, { lock })]
  }
  // PostgreSQL waits for whoever holds the place or the id, to see how that ends.
  const others = state.writers.filter(({ phase }, at) => at !== index && phase === 'commit')
  const inFlight = [
    ...others.map((other) => other.sealed),
    ...state.orphans.map(({ rows }) => rows),
  ]
  if (inFlight.some(isRefusedBeside)) return []
  const receipts = [...writer.receipts, ...sealed.filter(isAskedFor)]
  const early = rules.acknowledge === 'before-commit' ? receipts : []
  const lock = rules.lock === 'session' && state.lock === index ? null : state.lock
  const acknowledged = union(state.acknowledged, early)
  return [step('inserts', { phase: 'commit', receipts }, { lock, acknowledged })]
}

function isAskedFor(row: Row): boolean {
  return !partsOf(row).id.startsWith('genesis')
}

function union(acknowledged: readonly Row[], rows: readonly Row[]): readonly Row[] {
  return rows.length === 0 ? acknowledged : [...new Set([...acknowledged, ...rows])].sort()
}

function committed({ state, index, writer, config, step }: Own): Step<State> {
  const lock = state.lock === index ? null : state.lock
  const { next, label } = step('commits', { phase: 'reply' }, { lock })
  if (writer.sealed.length === 0) return { label, next }
  return { label, next: commit(next, { rows: writer.sealed, known: writer.known }, config.rules) }
}

function reply({ state, writer, config, step }: Own): Step<State> {
  const { receipts, todo, batch } = writer
  const answered = new Set(batch.map((id) => id.replaceAll("'", '')))
  const last = writer.sealed.at(-1)
  const isCached = config.rules.head === 'cached' && last !== undefined && writer.isConnected
  const open = todo.filter((id) => !answered.has(id))
  const head = isCached ? headOf([last]) : null
  // What a writer remembers that has nothing more to do makes no difference to anybody.
  const own: Partial<Writer> = open.length > 0 ? { ...GIVEN_UP, todo: open, head } : NEW_WRITER
  const acknowledged = union(state.acknowledged, receipts)
  return step(`gives receipts ${receipts.join(' ')}`, own, { acknowledged })
}

/** The server's side of a connection that is gone: a COMMIT that was sent may still happen. */
function orphaned(state: State, index: number, isServerGone: boolean): Partial<State> {
  const { phase, sealed, known } = state.writers[index]!
  const hasLock = state.lock === index
  const lock = hasLock ? null : state.lock
  if (phase !== 'commit' || sealed.length === 0 || isServerGone) return { lock }
  return { lock, orphans: [...state.orphans, { rows: sealed, known, hasLock }] }
}

/** The process is gone with all it knew; who asked it asks again. */
export function crashed(state: State, index: number): State {
  const { todo } = state.writers[index]!
  const writer: Writer = { ...NEW_WRITER, todo }
  return { ...state, ...orphaned(state, index, false), writers: state.writers.with(index, writer) }
}

/**
 * The connection is gone: `OutcomeUnknownError`, `#afterFailure`. `isServerGone`: so are its
 * transactions, and an answer that is on its way already still arrives.
 */
export function afterLoss(state: State, index: number, rules: Rules, isServerGone = false): State {
  const writer = state.writers[index]!
  // Nothing is open yet that could be lost.
  if (!writer.isConnected) return state
  const isRemembered = rules.guard === 'per-process'
  const lost: Writer = {
    ...writer,
    isConnected: false,
    known: isRemembered ? writer.known : -1,
    isCompared: isRemembered && writer.isCompared,
    head: rules.cache === 'kept' ? writer.head : null,
  }
  const isAnswered = isServerGone && writer.phase === 'reply'
  const mustRecover = writer.phase !== 'idle' && !isAnswered
  const next = mustRecover ? recovering(lost) : lost
  return {
    ...state,
    ...orphaned(state, index, isServerGone),
    writers: state.writers.with(index, next),
  }
}

function recovering(writer: Writer): Writer {
  const { sealed, unconfirmed } = writer
  return {
    ...writer,
    phase: 'start',
    isCareful: true,
    unconfirmed: sealed.length > 0 ? sealed : unconfirmed,
    sealed: [],
    receipts: [],
  }
}
