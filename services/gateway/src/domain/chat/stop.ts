import { AppError } from '@lexcustis/core'

/** Why a chat ends before its provider is done. */
export type StopReason = 'client_cancelled' | 'timeout' | 'shutdown'

const ERRORS = {
  client_cancelled: () => new AppError('CANCELLED', 'the client went away'),
  timeout: () => new AppError('TIMEOUT', 'the answer took longer than this deployment allows'),
  shutdown: () => new AppError('UNAVAILABLE', 'the gateway is shutting down; please ask again'),
} as const satisfies Record<StopReason, () => AppError>

/** What the client is told, if it is still there. */
export function stopError(reason: StopReason): AppError {
  return ERRORS[reason]()
}

/** The one switch of a chat: whoever is first decides why it stops, later reasons change nothing. */
export class Stop {
  readonly #abort = new AbortController()
  #reason: StopReason | undefined
  #isClientGone = false
  /** Resolves once the chat has to stop; never rejects. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#abort.signal.addEventListener('abort', () => resolve(), { once: true })
  })

  /** Aborted, with an AppError as its reason, once the chat has to stop. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get reason(): StopReason | undefined {
    return this.#reason
  }

  /** True as soon as the client left, also when something else stopped the chat before. */
  get isClientGone(): boolean {
    return this.#isClientGone
  }

  now(reason: StopReason): void {
    if (reason === 'client_cancelled') this.#isClientGone = true
    if (this.#reason) return
    this.#reason = reason
    this.#abort.abort(stopError(reason))
  }
}
