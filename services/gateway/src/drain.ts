import type { App } from './app.js'

const IDLE_SWEEP_MS = 100
/** After the drain time, streams need a moment to record how they ended. */
const CUT_AFTER_MS = 1_700

/**
 * Stops listening; what runs may finish within `drainMs`. Then `shutdown` tells streams to end, and
 * connections that are still open shortly after are cut.
 */
export async function drainApp(
  app: App,
  shutdown: AbortController,
  drainMs: number,
): Promise<void> {
  const { server } = app
  const over = setTimeout(() => shutdown.abort(), drainMs)
  const cut = setTimeout(() => server.closeAllConnections(), drainMs + CUT_AFTER_MS)
  // A connection whose answer ended while closing would otherwise idle until its keep-alive is over.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(over)
    clearTimeout(cut)
    clearInterval(sweep)
    shutdown.abort()
  }
}
