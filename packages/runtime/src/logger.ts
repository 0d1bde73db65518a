import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Fields a line may carry; anything else is dropped before it is written. */
const ALLOWED = new Set([
  'address',
  'attempt',
  'caller',
  'check',
  'checked',
  'code',
  'count',
  'duration_ms',
  'error',
  'expected',
  'host',
  'incarnation',
  'kind',
  'method',
  'model',
  'name',
  'organization_id',
  'outcome',
  'port',
  'problem',
  'profile',
  'provider',
  'queue',
  'reason',
  'records',
  'request_id',
  'route',
  'rpc',
  'sequence',
  'signal',
  'signed',
  'size_bytes',
  'state',
  'status',
  'stored',
  'trace_id',
  'version',
])

export interface LoggerOptions {
  readonly service: string
  readonly level?: string
  readonly destination?: { write(line: string): void }
}

/**
 * JSON lines on standard output. Fields are allow-listed, so a prompt or a password that is passed
 * by mistake does not reach the line. An `error` is reduced to its name, code and stack.
 */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: allowed },
    messageKey: 'message',
  }
  return destination ? pino(options, destination) : pino(options)
}

function allowed(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => ALLOWED.has(name))
      .map(([name, value]) => [name, name === 'error' ? describeError(value) : value]),
  )
}

const MAX_DEPTH = 3

function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    // Messages of drivers quote values (a row, a URL with a password); the frames do not.
    frames: (error.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, 6),
    ...(error.cause !== undefined && depth < MAX_DEPTH
      ? { cause: describeError(error.cause, depth + 1) }
      : {}),
  }
}
