import { ConfigError, type Environment } from './config.js'
import { createLogger, type Logger } from './logger.js'

export interface ServiceProgram<C extends { readonly drainMs: number; readonly logLevel: string }> {
  readonly name: string
  readonly readConfig: (env: Environment) => C
  /** Starts everything; disposing stops it within the drain time. */
  readonly start: (config: C, log: Logger) => Promise<AsyncDisposable>
}

const HARD_EXIT_AFTER_DRAIN_MS = 2_000
/** Without a launcher nobody waits for streams: a service is gone within 10 s of its lifeline. */
const LIFELINE_EXIT_MS = 9_500

/**
 * The life of a service process: configuration, start, wait for a stop, drain.
 * Stops on SIGINT, SIGTERM, or when the launcher's lifeline on standard input closes. A drain that
 * hangs does not hold the process: it exits 2 s after the drain time.
 * `--check-config [--json]` only reads the configuration and exits 0 or 1.
 */
export async function runService<C extends { readonly drainMs: number; readonly logLevel: string }>(
  program: ServiceProgram<C>,
): Promise<void> {
  const config = readOrExit(program)
  if (!config) return
  const log = createLogger({ service: program.name, level: config.logLevel })
  const stop = new AbortController()
  const stopped = new Promise<string>((resolve) => {
    onStop((signal) => {
      resolve(signal)
      stop.abort()
    })
  })
  process.on('unhandledRejection', (error) => {
    log.fatal({ error }, 'unhandled rejection')
    process.exit(1)
  })
  try {
    const service = await program.start(config, log)
    const signal = await stopped
    log.info({ signal }, 'stopping')
    const drainedMs = config.drainMs + HARD_EXIT_AFTER_DRAIN_MS
    const exitMs = signal === 'lifeline' ? Math.min(drainedMs, LIFELINE_EXIT_MS) : drainedMs
    setTimeout(() => process.exit(1), exitMs).unref()
    await service[Symbol.asyncDispose]()
    process.exit(0)
  } catch (error) {
    log.fatal({ error }, 'crashed')
    // The stack is in the log; the message names the setting or the address for the operator.
    process.stderr.write(`${program.name}: ${error instanceof Error ? error.message : 'crashed'}\n`)
    process.exit(1)
  }
}

function onStop(stop: (signal: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(signal))
  if (process.env['LEXCUSTIS_LIFELINE'] === 'stdin') {
    process.stdin.resume()
    for (const event of ['end', 'close', 'error'] as const)
      process.stdin.once(event, () => stop('lifeline'))
  }
}

function readOrExit<C extends { readonly drainMs: number; readonly logLevel: string }>({
  name,
  readConfig,
}: ServiceProgram<C>): C | undefined {
  const isCheck = process.argv.includes('--check-config')
  const isJson = process.argv.includes('--json')
  try {
    const config = readConfig(process.env)
    if (!isCheck) return config
    process.stdout.write(
      isJson ? '{"ok":true,"problems":[]}\n' : `${name}: configuration is valid\n`,
    )
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    if (isJson) process.stdout.write(`${JSON.stringify({ ok: false, problems })}\n`)
    else process.stderr.write(`${name}: bad configuration\n${error.message}\n`)
    process.exitCode = 1
  }
  return undefined
}
