import { createHook } from 'node:async_hooks'

export interface OwnTimers extends Disposable {
  /** Timers that were started from the folder and have neither fired nor been cleared. */
  readonly running: number
}

/** Frames of a stack that are looked through for the folder. */
const FRAMES = 40

/** Follows the timers of some sources apart from those of libraries, databases and the test runner. */
export function watchTimersOf(folder: string): OwnTimers {
  const running = new Set<number>()
  const hook = createHook({
    init(id, type) {
      if (type === 'Timeout' && isFrom(folder)) running.add(id)
    },
    destroy(id) {
      running.delete(id)
    },
  }).enable()
  return {
    get running() {
      return running.size
    },
    [Symbol.dispose]: () => void hook.disable(),
  }
}

function isFrom(folder: string): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = FRAMES
  const { stack = '' } = new Error('where')
  Error.stackTraceLimit = stackTraceLimit
  return stack.includes(folder)
}
