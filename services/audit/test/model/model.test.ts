import { describe, expect, it } from 'vitest'
import { type Exploration, explore, STUCK } from './explorer.js'
import {
  ACKNOWLEDGED_IS_DURABLE,
  CHECKPOINTS_AGREE,
  NO_FALSE_ALARM,
  ONE_LOG,
  ONE_RECORD,
  PUBLISHED_IS_DURABLE,
  RESTORE_IS_NOTICED,
  UNIQUE_PLACE,
} from './invariants.js'
import { protocol } from './protocol.js'
import { type Config, type Rules, SAFE } from './rules.js'

const MAX_STATES = 400_000

/** Two writers, one record that both are asked for; a connection and a process go. */
const WRITERS: Omit<Config, 'rules'> = {
  todo: [
    ['a', 'b'],
    ['a', 'c'],
  ],
  maxBatch: 2,
  publishers: 0,
  faults: { disconnects: 1, crashes: 1 },
}

/** Two publishers, either of which may sleep for as long as it likes, and a restore. */
const PUBLISHERS: Omit<Config, 'rules'> = {
  todo: [['a', 'b', 'c']],
  maxBatch: 2,
  publishers: 2,
  faults: { restores: 1 },
  isCoarse: true,
}

const EVERYTHING: Omit<Config, 'rules'> = {
  todo: [['a'], ['b']],
  maxBatch: 1,
  publishers: 1,
  faults: { restores: 1 },
  isCoarse: true,
}

const CACHED: Partial<Rules> = { lock: 'none', head: 'cached' }

function run(scene: Omit<Config, 'rules'>, changed: Partial<Rules> = {}): Exploration {
  return explore(protocol({ ...scene, rules: { ...SAFE, ...changed } }), MAX_STATES)
}

/** The trace is what one wants to read when this fails. */
function expectSafe(found: Exploration): void {
  expect(found.counterexample).toBeUndefined()
  expect(found.goals).toBeGreaterThan(0)
  console.info(`${found.states} states, ${found.steps} steps, depth ${found.depth}`)
}

describe('the protocol holds', () => {
  it('for two writers, a duplicate, a lost answer and a crash', () => {
    const found = run(WRITERS)
    expectSafe(found)
    expect(found.sights).toEqual([
      'a COMMIT whose client is gone',
      'a batch found after its answer was lost',
      'a receipt for two askers',
    ])
  })

  it('for two writers that both find no log', () => {
    expectSafe(run({ ...WRITERS, isNew: true, maxBatch: 1, faults: { disconnects: 1 } }))
  })

  it('with the lock alone, and with the constraints alone', () => {
    expectSafe(run(WRITERS, { primaryKey: false }))
    expectSafe(run(WRITERS, { lock: 'none' }))
    expectSafe(run(WRITERS, { head: 'before-lock' }))
    expectSafe(run(WRITERS, { lock: 'session' }))
  })

  it('with a cached head, where the primary key is the only guard', () => {
    expectSafe(run({ ...WRITERS, maxBatch: 1, faults: { disconnects: 1 } }, CACHED))
    expectSafe(run({ ...WRITERS, todo: [['a'], ['b']], isNew: true }, CACHED))
  })

  it('for two publishers without a lease, and a restore', () => {
    const found = run(PUBLISHERS)
    expectSafe(found)
    expect(found.sights).toEqual([
      'a ceremony',
      'a checkpoint published after a restore',
      'an acknowledged record after a ceremony',
      'an acknowledged record lost that a checkpoint covered',
      'an acknowledged record lost that no checkpoint covered',
    ])
  })

  it('for a writer and a publisher, with every fault', () => {
    const faults = { restores: 1, disconnects: 1, crashes: 1 }
    const found = run({ ...EVERYTHING, todo: [['a', 'b']], faults })
    expectSafe(found)
    expect(found.sights).toHaveLength(7)
  })

  it('for two writers and a publisher, a restore and a lost answer', () => {
    const found = run({ ...EVERYTHING, faults: { restores: 1, disconnects: 1 } })
    expectSafe(found)
    expect(found.sights).toEqual(
      expect.arrayContaining([
        'a COMMIT whose client is gone',
        'a batch found after its answer was lost',
        'an acknowledged record after a ceremony',
      ]),
    )
  }, 120_000)
})

describe('the search finds what breaks when a rule is left out', () => {
  it.each<[string, string, Omit<Config, 'rules'>, Partial<Rules>]>([
    ['no lock, no primary key', UNIQUE_PLACE, WRITERS, { lock: 'none', primaryKey: false }],
    [
      'the head read in the snapshot of the lock, no primary key',
      UNIQUE_PLACE,
      WRITERS,
      { head: 'before-lock', primaryKey: false },
    ],
    [
      'the lock given back before COMMIT, no primary key',
      UNIQUE_PLACE,
      WRITERS,
      { lock: 'session', primaryKey: false },
    ],
    ['a receipt before COMMIT', ACKNOWLEDGED_IS_DURABLE, WRITERS, { acknowledge: 'before-commit' }],
    ['ON CONFLICT DO NOTHING', ACKNOWLEDGED_IS_DURABLE, WRITERS, { onConflict: 'do-nothing' }],
    [
      'a lost answer taken for success',
      ACKNOWLEDGED_IS_DURABLE,
      WRITERS,
      { recovery: 'assume-written' },
    ],
    ['a retry with new ids', ONE_RECORD, WRITERS, { recovery: 'new-ids' }],
    ['no comparison before the first write', RESTORE_IS_NOTICED, EVERYTHING, { guard: 'none' }],
    [
      'a comparison per process instead of per connection',
      RESTORE_IS_NOTICED,
      EVERYTHING,
      { guard: 'per-process' },
    ],
    [
      'the store read before connecting',
      RESTORE_IS_NOTICED,
      { ...EVERYTHING, isCoarse: false },
      { guard: 'before-connecting' },
    ],
    [
      'a publisher that does not compare',
      CHECKPOINTS_AGREE,
      PUBLISHERS,
      { publisherCompares: false },
    ],
    [
      'a publisher that signs what is not committed yet',
      PUBLISHED_IS_DURABLE,
      EVERYTHING,
      { publisherSource: 'memory' },
    ],
    ['a store that replaces', CHECKPOINTS_AGREE, PUBLISHERS, { put: 'overwrite' }],
    ['a store that keeps one checkpoint per size', CHECKPOINTS_AGREE, PUBLISHERS, { put: 'size' }],
    [
      'a publisher that reads the database before the store',
      NO_FALSE_ALARM,
      { ...EVERYTHING, publishers: 2 },
      { publisherReads: 'database-first' },
    ],
    [
      'a cached head, and a genesis without the lock',
      ONE_LOG,
      { ...WRITERS, isNew: true },
      { ...CACHED, genesis: 'unlocked' },
    ],
    [
      'a cached head that outlives its connection',
      ACKNOWLEDGED_IS_DURABLE,
      { ...WRITERS, maxBatch: 1, faults: { restores: 1 } },
      { ...CACHED, cache: 'kept', guard: 'per-process' },
    ],
    [
      'a cached head beside a ceremony, which only the lock keeps apart',
      RESTORE_IS_NOTICED,
      { ...EVERYTHING, isCoarse: false },
      CACHED,
    ],
    ['a ceremony whose clock was set back', STUCK, EVERYTHING, { ceremony: 'clock-set-back' }],
  ])('%s: %s', (_, invariant, scene, changed) => {
    const { counterexample } = run(scene, changed)
    expect(counterexample?.invariant, counterexample?.trace.join('\n')).toBe(invariant)
  })
})
