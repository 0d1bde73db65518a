import { AppError } from '@lexcustis/core'

export interface StreamTimeouts {
  /** From the request to the first text. */
  readonly firstTokenMs: number
  /** Between two events after that. */
  readonly idleMs: number
  /** From the request to the end, whoever is slow. */
  readonly totalMs: number
}

/** How long a provider that has finished may take for its count. */
const TRAILER_MS = 2_000

/** Ends a provider request when the caller goes away or the provider takes too long. */
export class StreamDeadline {
  private readonly abort = new AbortController()
  private readonly callerGone = () => this.abort.abort()
  private timer: NodeJS.Timeout
  private readonly total: NodeJS.Timeout
  private isOver = false
  private limitMs: number
  private isWaiting = true
  private hasText = false

  constructor(
    private readonly caller: AbortSignal,
    private readonly timeouts: StreamTimeouts,
  ) {
    this.limitMs = timeouts.firstTokenMs
    this.timer = this.arm()
    this.total = setTimeout(() => {
      this.isOver = true
      this.abort.abort()
    }, timeouts.totalMs)
    caller.addEventListener('abort', this.callerGone, { once: true })
    if (caller.aborted) this.abort.abort()
  }

  /** For the request. */
  get signal(): AbortSignal {
    return this.abort.signal
  }

  /** An event came. Until the first text only the first limit counts. */
  received(hasText: boolean): void {
    if (hasText && !this.hasText) {
      this.hasText = true
      this.limit(this.timeouts.idleMs)
    } else if (this.hasText) this.timer.refresh()
  }

  /** The answer is complete; what may follow is a count. */
  finished(): void {
    this.hasText = true
    this.limit(Math.min(TRAILER_MS, this.timeouts.idleMs))
  }

  /** While our own reader is slow the provider is not. */
  paused(): void {
    this.isWaiting = false
  }

  resumed(): void {
    this.isWaiting = true
    if (this.hasText) this.timer.refresh()
  }

  /** CANCELLED or TIMEOUT once the request was ended by us. */
  get error(): AppError | undefined {
    if (this.caller.aborted) return new AppError('CANCELLED', 'the caller went away')
    if (!this.abort.signal.aborted) return undefined
    if (this.isOver) {
      const { totalMs } = this.timeouts
      return new AppError('TIMEOUT', `the provider did not finish within ${totalMs} ms`)
    }
    const what = this.hasText ? 'went silent' : 'did not begin to answer'
    return new AppError('TIMEOUT', `the provider ${what} for ${this.limitMs} ms`)
  }

  close(): void {
    clearTimeout(this.timer)
    clearTimeout(this.total)
    this.caller.removeEventListener('abort', this.callerGone)
  }

  private limit(ms: number): void {
    clearTimeout(this.timer)
    this.limitMs = ms
    this.timer = this.arm()
  }

  private arm(): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.isWaiting) this.abort.abort()
      else this.timer.refresh()
    }, this.limitMs)
  }
}
