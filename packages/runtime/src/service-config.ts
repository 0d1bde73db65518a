import { z } from 'zod'
import { integer, jsonFile, port, secretFile, text, type Environment } from './config.js'

const JsonWebKeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).min(1) })
const ExtraCallers = z.record(z.string().min(1), z.array(z.string().min(1)))

/** Settings that every gRPC service has. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the shape's own type is what readEnvironment infers from
export function serviceShape(defaults: { grpcPort: number; metricsPort: number }) {
  return {
    LISTEN_HOST: text('0.0.0.0'),
    GRPC_PORT: port(defaults.grpcPort),
    METRICS_PORT: port(defaults.metricsPort),
    TLS_CA_FILE: secretFile(),
    TLS_CERT_FILE: secretFile(),
    TLS_KEY_FILE: secretFile(),
    TENANT_KEYS_FILE: jsonFile(JsonWebKeySet),
    DATABASE_URL_FILE: secretFile(),
    DRAIN_MS: integer({ min: 0, max: 3_600_000, default: 10_000 }),
    LOG_LEVEL: logLevel(),
    EXTRA_CALLERS_FILE: jsonFile(ExtraCallers).optional(),
  }
}

export function logLevel(): z.ZodType<string, string | undefined> {
  return z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], { error: 'is not a log level' })
    .default('info')
    .describe('one of fatal, error, warn, info, debug, trace')
}

type Parsed = z.output<z.ZodObject<ReturnType<typeof serviceShape>>>

/** The settings above in the shape the rest of a service takes. */
export interface ServiceConfig {
  readonly listenHost: string
  readonly grpcPort: number
  readonly metricsPort: number
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string }
  /** Public keys of the gateway's tenant tokens (RFC 7517). */
  readonly tenantKeys: { keys: Record<string, unknown>[] }
  readonly databaseUrl: string
  readonly drainMs: number
  readonly logLevel: string
  /** Certificate name → gRPC services it may call besides the built-in list. */
  readonly extraCallers: Readonly<Record<string, readonly string[]>>
}

export function toServiceConfig(parsed: Parsed): ServiceConfig {
  return {
    listenHost: parsed.LISTEN_HOST,
    grpcPort: parsed.GRPC_PORT,
    metricsPort: parsed.METRICS_PORT,
    tls: { ca: parsed.TLS_CA_FILE, cert: parsed.TLS_CERT_FILE, key: parsed.TLS_KEY_FILE },
    tenantKeys: parsed.TENANT_KEYS_FILE,
    databaseUrl: parsed.DATABASE_URL_FILE,
    drainMs: parsed.DRAIN_MS,
    logLevel: parsed.LOG_LEVEL,
    extraCallers: parsed.EXTRA_CALLERS_FILE ?? {},
  }
}

/** `production` refuses embedded parts; `embedded` is what npm start sets. */
export type Profile = 'production' | 'embedded'

export function readProfile(env: Environment): Profile {
  return env['LEXCUSTIS_PROFILE'] === 'embedded' ? 'embedded' : 'production'
}
