import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.js'

export type CheckStatus = 'ready' | 'degraded' | 'not_ready'

export interface CheckResult {
  readonly status: CheckStatus
  /** For people: what is missing and what follows from it. */
  readonly detail: string
}

export interface ReadinessCheck {
  readonly name: string
  readonly check: () => Promise<CheckResult>
}

export interface Readiness {
  readonly status: CheckStatus
  readonly checks: readonly (CheckResult & { readonly name: string })[]
}

const CHECK_TIMEOUT_MS = 2_000

/** Runs all checks at once; one that throws or takes longer than 2 s is not ready. */
export async function evaluateChecks(checks: readonly ReadinessCheck[]): Promise<Readiness> {
  const results = await Promise.all(
    checks.map(async ({ name, check }) => ({ name, ...(await settled(check)) })),
  )
  const worst = (['not_ready', 'degraded'] as const).find((status) =>
    results.some((result) => result.status === status),
  )
  return { status: worst ?? 'ready', checks: results }
}

async function settled(check: () => Promise<CheckResult>): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(
      () => resolve({ status: 'not_ready', detail: 'did not answer in 2 s' }),
      CHECK_TIMEOUT_MS,
    )
  })
  try {
    return await Promise.race([check(), late])
  } catch {
    return { status: 'not_ready', detail: 'failed' }
  } finally {
    clearTimeout(timer)
  }
}

export interface ProbesOptions {
  readonly host: string
  readonly port: number
  readonly metrics: Metrics
  readonly checks: readonly ReadinessCheck[]
}

export interface Probes extends AsyncDisposable {
  readonly port: number
  /** From now on /readyz answers 503: the process is draining. */
  setDraining(): void
}

/** Serves `/metrics`, `/livez` and `/readyz`. Liveness depends on nothing but the process. */
export async function startProbes(options: ProbesOptions): Promise<Probes> {
  let isDraining = false
  const readiness = async (): Promise<Readiness> =>
    isDraining
      ? {
          status: 'not_ready',
          checks: [{ name: 'drain', status: 'not_ready', detail: 'draining' }],
        }
      : evaluateChecks(options.checks)
  const answer = async (path: string): Promise<[number, string, string]> => {
    if (path === '/livez') return [200, 'application/json', '{"status":"live"}']
    if (path === '/readyz') {
      const body = await readiness()
      return [body.status === 'not_ready' ? 503 : 200, 'application/json', JSON.stringify(body)]
    }
    if (path === '/metrics') {
      const { registry } = options.metrics
      return [200, registry.contentType, await registry.metrics()]
    }
    return [404, 'application/json', '{"status":"not found"}']
  }
  const server = createServer((request, response) => {
    answer(request.url?.split('?')[0] ?? '/').then(
      ([status, type, body]) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    )
  })
  const port = await listen(server, options)
  return {
    port,
    setDraining: () => {
      isDraining = true
    },
    [Symbol.asyncDispose]: async () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server, { host, port }: ProbesOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
