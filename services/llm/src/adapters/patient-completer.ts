import { AppError } from '@lexcustis/core'
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel'
import type { Completer, CompletionEvent, Question } from '../domain/completion.js'
import type { Provider } from '../domain/provider.js'
import { UpstreamError } from '../domain/upstream-error.js'

export interface PatienceOptions {
  /** After the first attempt, each only while nothing of the answer has come. */
  readonly retries: number
  /** Upper bound of the first pause; doubled for each further one. A pause is anything below it. */
  readonly pauseMs: number
  /** A provider that wants to be left alone for longer is not waited for. */
  readonly maxWaitMs: number
  /** So many failures in a row, and the provider is not asked for a while. */
  readonly breakAfter: number
  readonly breakMs: number
  readonly onBreak: (kind: string, isOpen: boolean) => void
}

export const PATIENCE: Omit<PatienceOptions, 'onBreak'> = {
  retries: 2,
  pauseMs: 500,
  maxWaitMs: 5_000,
  breakAfter: 5,
  breakMs: 10_000,
}

/** What a completer began to say: the first event, and the rest. */
interface Begun {
  readonly first: IteratorResult<CompletionEvent>
  readonly rest: AsyncIterator<CompletionEvent>
}

type Policy = Pick<CircuitBreakerPolicy, 'execute'>

const MAX_KNOWN = 5_000

/**
 * Asks a provider again when it fails before its answer begins, with full jitter and honouring
 * Retry-After, and stops asking one that keeps failing. What one organisation's key or endpoint runs
 * into stays with that organisation. Once the answer began, nothing is repeated.
 */
export class Patience {
  readonly #policies = new Map<string, Policy>()

  constructor(private readonly options: PatienceOptions) {}

  wrap(organizationId: string, provider: Provider, completer: Completer): Completer {
    if (!provider.endpoint) return completer
    const policy = this.#policyOf(organizationId, provider)
    return {
      complete: (question, signal) => this.#complete(policy, completer, question, signal),
    }
  }

  async *#complete(
    policy: Policy,
    completer: Completer,
    question: Question,
    signal: AbortSignal,
  ): AsyncGenerator<CompletionEvent> {
    const { first, rest } = await this.#begin(policy, completer, question, signal)
    try {
      for (let next = first; !next.done; next = await rest.next()) yield next.value
    } finally {
      await rest.return?.()
    }
  }

  /** Cancelled at once, also in a pause, which is of no use to anybody then. */
  async #begin(
    policy: Policy,
    completer: Completer,
    question: Question,
    signal: AbortSignal,
  ): Promise<Begun> {
    const over = new AbortController()
    const cancelled = new Promise<never>((_, reject) => {
      const cancel = () => reject(AppError.from(signal.reason))
      if (signal.aborted) cancel()
      signal.addEventListener('abort', cancel, { once: true, signal: over.signal })
    })
    const begun = policy.execute(async () => begin(completer, question, signal), signal)
    try {
      return await Promise.race([begun, cancelled])
    } catch (error) {
      // Whichever of the two comes second is not awaited by anybody.
      begun.catch(() => undefined)
      throw this.#toFailure(error, signal)
    } finally {
      over.abort()
    }
  }

  #toFailure(error: unknown, signal: AbortSignal): unknown {
    if (error instanceof BrokenCircuitError) {
      const message = 'the provider failed several times in a row: it is left alone for a moment'
      return new UpstreamError(message, { isTransient: true, retryAfterMs: this.options.breakMs })
    }
    // Cancelled in a pause between two attempts: the last failure is of no interest to anybody.
    return signal.aborted ? AppError.from(signal.reason) : error
  }

  #policyOf(organizationId: string, { kind, endpoint }: Provider): Policy {
    const name = JSON.stringify([organizationId, kind, endpoint?.baseUrl])
    const known = this.#policies.get(name)
    if (known) return known
    if (this.#policies.size >= MAX_KNOWN) this.#policies.clear()
    const made = wrap(this.#retrying(), this.#breaking(kind)) as Policy
    this.#policies.set(name, made)
    return made
  }

  #retrying() {
    const { retries, pauseMs, maxWaitMs } = this.options
    return retry(
      handleWhen((error) => isTransient(error) && (error.retryAfterMs ?? 0) <= maxWaitMs),
      {
        maxAttempts: retries,
        backoff: new DelegateBackoff(({ attempt, result }) => {
          const error = 'error' in result ? result.error : undefined
          const asked = error instanceof UpstreamError ? error.retryAfterMs : undefined
          return asked ?? Math.random() * pauseMs * 2 ** (attempt - 1)
        }),
      },
    )
  }

  #breaking(kind: string): CircuitBreakerPolicy {
    const { breakAfter, breakMs, onBreak } = this.options
    const breaker = circuitBreaker(handleWhen(countsAgainst), {
      halfOpenAfter: breakMs,
      breaker: new ConsecutiveBreaker(breakAfter),
    })
    breaker.onStateChange((state) => {
      if (state !== CircuitState.HalfOpen) onBreak(kind, state === CircuitState.Open)
    })
    return breaker
  }
}

/** Resolves once the answer begins, or has ended without one. */
async function begin(
  completer: Completer,
  question: Question,
  signal: AbortSignal,
): Promise<Begun> {
  if (signal.aborted) throw AppError.from(signal.reason)
  const rest = completer.complete(question, signal)[Symbol.asyncIterator]()
  return { first: await rest.next(), rest }
}

function isTransient(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.isTransient
}

/** Silence counts as much as an error; a refused key or question says nothing about the provider. */
function countsAgainst(error: unknown): boolean {
  return isTransient(error) || AppError.from(error).reason === 'TIMEOUT'
}
