/** One atomic action and the state it leads to. */
export interface Step<S> {
  readonly label: string
  readonly next: S
}

export interface Model<S> {
  readonly initial: S
  /** The same text for the same state, and for no other. */
  key(state: S): string
  /** Every action that can happen in a state. States are never changed in place. */
  steps(state: S): readonly Step<S>[]
  /** The name of the invariant that a state breaks. */
  violation(state: S): string | undefined
  /** States that it must stay possible to reach, from every other. */
  isGoal(state: S): boolean
  /** Names of what a state shows, to see that a search came where it was meant to. */
  sights(state: S): readonly string[]
}

export interface Counterexample {
  readonly invariant: string
  /** Actions from the initial state on; no other sequence that breaks an invariant is shorter. */
  readonly trace: readonly string[]
}

export interface Exploration {
  readonly states: number
  readonly steps: number
  /** Actions of the longest of all shortest paths. */
  readonly depth: number
  readonly goals: number
  readonly sights: readonly string[]
  /** Undefined: no reachable state breaks an invariant, and a goal is in reach of all of them. */
  readonly counterexample: Counterexample | undefined
}

/** What breaks when a state is found from which no goal can be reached any more. */
export const STUCK = 'stuck: no goal can be reached'

/**
 * Visits every reachable state, breadth first, and stops at the first that breaks an invariant.
 * States are told apart by their whole key, not by a hash of it, so none is taken for another. Throws when
 * there are more than `maxStates`: a search that was cut short has shown nothing.
 */
export function explore<S>(model: Model<S>, maxStates: number): Exploration {
  const graph = new Graph(model, maxStates)
  graph.visit(model.initial, 0, 'start')
  const goals: number[] = []
  for (let index = 0; index < graph.size; index += 1) {
    const state = graph.take(index)
    for (const sight of model.sights(state)) graph.sights.add(sight)
    const invariant = model.violation(state)
    if (invariant !== undefined) return graph.result(goals.length, index, invariant)
    if (model.isGoal(state)) goals.push(index)
    for (const { label, next } of model.steps(state)) graph.visit(next, index, label)
  }
  const stuck = graph.firstWithout(goals)
  return stuck === undefined ? graph.result(goals.length) : graph.result(goals.length, stuck, STUCK)
}

/** What was found, in the order it was found: an index is at least as deep as every smaller one. */
class Graph<S> {
  readonly sights = new Set<string>()
  readonly #indices = new Map<string, number>()
  /** States that were found and not taken yet. */
  readonly #waiting = new Map<number, S>()
  readonly #parents: number[] = []
  readonly #labels: string[] = []
  readonly #depths: number[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []

  constructor(
    private readonly model: Model<S>,
    private readonly maxStates: number,
  ) {}

  get size(): number {
    return this.#parents.length
  }

  visit(state: S, parent: number, label: string): void {
    const key = this.model.key(state)
    let index = this.#indices.get(key)
    if (index === undefined) {
      index = this.size
      if (index >= this.maxStates) throw new Error(`more than ${this.maxStates} states`)
      this.#indices.set(key, index)
      this.#waiting.set(index, state)
      this.#parents.push(parent)
      this.#labels.push(label)
      this.#depths.push(index === 0 ? 0 : this.#depths[parent]! + 1)
    }
    this.#from.push(parent)
    this.#to.push(index)
  }

  take(index: number): S {
    const state = this.#waiting.get(index)!
    this.#waiting.delete(index)
    return state
  }

  result(goals: number, at?: number, invariant?: string): Exploration {
    const counterexample =
      at === undefined || invariant === undefined
        ? undefined
        : { invariant, trace: this.#trace(at) }
    const depth = this.#depths.at(-1) ?? 0
    const sights = [...this.sights].sort()
    return { states: this.size, steps: this.#to.length - 1, depth, goals, sights, counterexample }
  }

  /** The shallowest state from which none of these can be reached. */
  firstWithout(goals: readonly number[]): number | undefined {
    const starts = new Uint32Array(this.size + 1)
    for (const to of this.#to) starts[to + 1]! += 1
    for (let index = 0; index < this.size; index += 1) starts[index + 1]! += starts[index]!
    const before = new Uint32Array(this.#from.length)
    const free = starts.slice()
    for (const [edge, to] of this.#to.entries()) before[free[to]!++] = this.#from[edge]!
    const canReach = new Uint8Array(this.size)
    const open = [...goals]
    for (const goal of goals) canReach[goal] = 1
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      for (const parent of before.subarray(starts[index], starts[index + 1])) {
        if (canReach[parent]) continue
        canReach[parent] = 1
        open.push(parent)
      }
    }
    const stuck = canReach.indexOf(0)
    return stuck === -1 ? undefined : stuck
  }

  #trace(index: number): string[] {
    const labels: string[] = []
    for (let at = index; at > 0; at = this.#parents[at]!) labels.push(this.#labels[at]!)
    return labels.reverse()
  }
}
