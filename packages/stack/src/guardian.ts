import { type ChildProcess, spawn } from 'node:child_process'
import { type Account, identity } from './account.js'

/**
 * Our services stop when the pipe from the launcher closes; other people's programs know nothing of
 * it. A guardian holds the pipe for them: when the launcher dies, even by kill -9, it gives the
 * program's users time to end, asks the program to stop, and insists after ten seconds.
 */
const SCRIPT = `
read -r line
sleep "$2"
kill -INT "$1" 2>/dev/null || exit 0
for i in 1 2 3 4 5 6 7 8 9 10; do
  sleep 1
  kill -0 "$1" 2>/dev/null || exit 0
done
kill -QUIT "$1" 2>/dev/null
sleep 1
kill -KILL "$1" 2>/dev/null
`

export class Guardian {
  readonly #process: ChildProcess

  constructor(pid: number, account?: Account, graceSeconds = 0) {
    this.#process = spawn(
      '/bin/sh',
      ['-c', SCRIPT, 'lexcustis-guardian', String(pid), String(graceSeconds)],
      {
        cwd: '/',
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
        ...identity(account),
      },
    )
    this.#process.on('error', () => undefined)
    this.#process.stdin?.on('error', () => undefined)
    // A guardian alone is no reason to keep this process alive.
    this.#process.unref()
    ;(this.#process.stdin as unknown as { unref?: () => void } | null)?.unref?.()
  }

  /** Its program has ended by itself: the pid may soon be somebody else's. */
  dismiss(): void {
    this.#process.kill('SIGKILL')
  }
}
