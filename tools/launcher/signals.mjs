import { performance } from 'node:perf_hooks'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** npm passes on the Ctrl-C that the terminal sent us too: two in a moment are one. */
const ONE_PRESS_MS = 1_000

/** Calls `stop` at the first signal and `kill` at one that comes a second or more later. */
export function onSignals({ stop, kill }) {
  let firstAt
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        stop(signal)
      } else if (performance.now() - firstAt >= ONE_PRESS_MS) {
        kill(signal)
      }
    })
  }
}
