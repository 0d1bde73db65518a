/** What becomes of one call to the outside. */
export type Fault =
  /** It fails, and nothing was done. */
  | 'not done'
  /** It is answered with an error: no space left. */
  | 'refused'
  /** It is done, and fails all the same. */
  | 'done'
  /** It is done, and the process is killed before it hears so. */
  | 'SIGKILL'
  /** The process is stopped before it is made, and goes on with it when it is continued. */
  | 'SIGSTOP'

/** Every call to the outside passes here before it is made. */
export interface Calls {
  /** Names of those made so far. */
  readonly made: readonly string[]
  /** Those that a fault struck. */
  readonly struck: readonly string[]
  next(name: string): Fault | undefined
}

/** Strikes where `choose` says so; `index` counts from 0. */
export function createCalls(
  choose: (name: string, index: number) => Fault | undefined = () => undefined,
): Calls {
  const made: string[] = []
  const struck: string[] = []
  return {
    made,
    struck,
    next: (name) => {
      const fault = choose(name, made.length)
      made.push(name)
      if (fault) struck.push(name)
      return fault
    },
  }
}

/** One fault, at the call of this number. */
export function failingAt(index: number, fault: Fault): Calls {
  return createCalls((_, made) => (made === index ? fault : undefined))
}

/** Ends or stops this very process; what it does after SIGSTOP it does when it is continued. */
export function strikeSelf(signal: 'SIGKILL' | 'SIGSTOP'): void {
  process.kill(process.pid, signal)
}
