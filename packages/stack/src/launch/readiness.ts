import { StackFailure } from '../failure.js'

const ASK_EVERY_MS = 100
const ASK_TIMEOUT_MS = 3_000

interface Answer {
  readonly isReady: boolean
  /** What is missing, for people. */
  readonly missing: string
}

/**
 * Waits until a service says on `/readyz` that it is ready (degraded counts). Throws CHILD_DIED with
 * what is missing when it takes too long.
 */
export async function untilReady(
  name: string,
  metricsPort: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const endsAt = performance.now() + timeoutMs
  let missing = 'no answer'
  while (performance.now() < endsAt) {
    signal.throwIfAborted()
    const answer = await ask(`http://127.0.0.1:${metricsPort}/readyz`)
    if (answer.isReady) return
    missing = answer.missing
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
  throw new StackFailure(
    'CHILD_DIED',
    `${name} did not become ready in ${timeoutMs / 1000} s (${missing}); its log says why.`,
    { child: name },
  )
}

async function ask(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
    const { checks = [] } = (await response.json()) as {
      checks?: { name: string; status: string; detail: string }[]
    }
    const missing = checks
      .filter(({ status }) => status === 'not_ready')
      .map((check) => `${check.name}: ${check.detail}`)
    return { isReady: response.ok, missing: missing.join('; ') || `HTTP ${response.status}` }
  } catch {
    return { isReady: false, missing: 'no answer' }
  }
}
