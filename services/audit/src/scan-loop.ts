import { setTimeout as pause } from 'node:timers/promises'

/** Runs `scan` again and again, never twice at once. Disposing waits for the one that runs. */
export function startScanLoop(
  scan: () => Promise<unknown>,
  everyMs: number,
  onError: (error: unknown) => void,
): AsyncDisposable {
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await scan().catch(onError)
      await pause(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => undefined)
    }
  }
  const running = loop()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}
