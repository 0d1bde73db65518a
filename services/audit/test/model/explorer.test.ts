import { expect, it } from 'vitest'
import { explore, type Model, STUCK } from './explorer.js'

/** Two counters modulo a limit, either of which can be moved on. */
function counters(limit: number, changes: Partial<Model<readonly number[]>> = {}) {
  const model: Model<readonly number[]> = {
    initial: [0, 0],
    key: (state) => state.join(),
    steps: (state) =>
      state.map((value, at) => ({
        label: `move ${at}`,
        next: state.with(at, (value + 1) % limit),
      })),
    violation: () => undefined,
    isGoal: ([a, b]) => a === 0 && b === 0,
    sights: ([a, b]) => (a === b ? ['equal'] : []),
    ...changes,
  }
  return model
}

it('visits every reachable state once and takes every step', () => {
  expect(explore(counters(7), 100)).toEqual({
    states: 49,
    steps: 98,
    depth: 12,
    goals: 1,
    sights: ['equal'],
    counterexample: undefined,
  })
})

it('shows the shortest way to a violation', () => {
  const violation = ([a, b]: readonly number[]) => (a === 2 && b === 1 ? 'wrong' : undefined)
  const { counterexample } = explore(counters(7, { violation }), 100)
  expect(counterexample?.invariant).toBe('wrong')
  expect(counterexample?.trace.toSorted()).toEqual(['move 0', 'move 0', 'move 1'])
})

it('shows the shortest way to where no goal can be reached any more', () => {
  const { steps } = counters(7)
  const trap = { steps: (state: readonly number[]) => (state.join() === '0,2' ? [] : steps(state)) }
  expect(explore(counters(7, trap), 100).counterexample).toEqual({
    invariant: STUCK,
    trace: ['move 1', 'move 1'],
  })
  const isGoal = () => false
  expect(explore(counters(2, { isGoal }), 100).counterexample).toEqual({
    invariant: STUCK,
    trace: [],
  })
})

it('does not pass when the search was cut short', () => {
  expect(() => explore(counters(7), 48)).toThrow('more than 48 states')
})
