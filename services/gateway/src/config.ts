import { isIP } from 'node:net'
import {
  ConfigError,
  type Environment,
  integer,
  jsonFile,
  list,
  logLevel,
  optionalSecretFile,
  optionalText,
  port,
  readEnvironment,
  readProfile,
  secretFile,
  text,
} from '@lexcustis/runtime'
import { z } from 'zod'
import type { PeerAddresses } from './adapters/peers.js'
import type { LimitPolicy } from './domain/limits.js'

const PREFIX = 'GATEWAY_'
const MINUTE_SECONDS = 60
const DAY_MS = 86_400_000

/** `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return (
    prefix === undefined ||
    (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
  )
}

const PrivateJwk = z.looseObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().min(1),
  d: z.string().min(1),
  kid: z.string().min(1),
})
export type PrivateJwk = z.output<typeof PrivateJwk>

const SHAPE = {
  LISTEN_HOST: text('0.0.0.0'),
  LISTEN_PORT: port(8080),
  METRICS_PORT: port(9080),
  AUDIT_ADDRESS: text(),
  COMPLIANCE_ADDRESS: text(),
  RAG_ADDRESS: text(),
  LLM_ADDRESS: text(),
  TLS_CA_FILE: secretFile(),
  TLS_CERT_FILE: secretFile(),
  TLS_KEY_FILE: secretFile(),
  ACCESS_KEY_FILE: jsonFile(PrivateJwk),
  TENANT_KEY_FILE: jsonFile(PrivateJwk),
  DATABASE_URL_FILE: secretFile(),
  DATABASE_MAX_CONNECTIONS: integer({ min: 1, max: 500, default: 10 }),
  REDIS_URL_FILE: optionalSecretFile(),
  BOOTSTRAP_OPERATOR_EMAIL: optionalText(),
  BOOTSTRAP_OPERATOR_PASSWORD_FILE: optionalSecretFile(),
  ORG_DAILY_CHAT_CAP: integer({ min: 0, default: 1000 }),
  USER_REQUESTS_PER_MINUTE: integer({ min: 1, default: 60 }),
  IP_REQUESTS_PER_MINUTE: integer({ min: 1, default: 120 }),
  LOGIN_FAILURES_PER_MINUTE: integer({ min: 1, default: 10 }),
  CHAT_MAX_MS: integer({ min: 1_000, max: DAY_MS, default: 600_000 }),
  DRAIN_MS: integer({ max: 3_600_000, default: 10_000 }),
  TRUSTED_PROXIES: list([])
    .refine(
      (networks) => networks.every(isNetwork),
      'names something that is no address or network',
    )
    .describe('addresses or networks such as 10.0.0.0/8, separated by commas'),
  LOG_LEVEL: logLevel(),
}

export interface GatewayConfig {
  readonly listenHost: string
  readonly listenPort: number
  readonly metricsPort: number
  readonly peers: PeerAddresses
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string }
  /** Signs access tokens. */
  readonly accessKey: PrivateJwk
  /** Signs tenant tokens. */
  readonly tenantKey: PrivateJwk
  readonly databaseUrl: string
  readonly databaseMaxConnections: number
  /** Absent: limits and budgets are counted in this process. */
  readonly redisUrl: string | undefined
  readonly bootstrapOperator: { readonly email: string; readonly password: string } | undefined
  readonly dailyChatCap: number
  readonly userLimit: LimitPolicy
  readonly ipLimit: LimitPolicy
  readonly loginLimit: LimitPolicy
  readonly chatMaxMs: number
  readonly drainMs: number
  readonly trustedProxies: readonly string[]
  readonly logLevel: string
}

/** Throws ConfigError with every problem. */
export function readConfig(env: Environment): GatewayConfig {
  const parsed = readEnvironment(PREFIX, env, SHAPE, {
    aliases: { ORG_DAILY_CHAT_CAP: 'ORG_DAILY_CHAT_CAP' },
  })
  const config: GatewayConfig = {
    listenHost: parsed.LISTEN_HOST,
    listenPort: parsed.LISTEN_PORT,
    metricsPort: parsed.METRICS_PORT,
    peers: {
      audit: parsed.AUDIT_ADDRESS,
      compliance: parsed.COMPLIANCE_ADDRESS,
      rag: parsed.RAG_ADDRESS,
      llm: parsed.LLM_ADDRESS,
    },
    tls: { ca: parsed.TLS_CA_FILE, cert: parsed.TLS_CERT_FILE, key: parsed.TLS_KEY_FILE },
    accessKey: parsed.ACCESS_KEY_FILE,
    tenantKey: parsed.TENANT_KEY_FILE,
    databaseUrl: parsed.DATABASE_URL_FILE,
    databaseMaxConnections: parsed.DATABASE_MAX_CONNECTIONS,
    redisUrl: parsed.REDIS_URL_FILE,
    bootstrapOperator: bootstrapOf(
      parsed.BOOTSTRAP_OPERATOR_EMAIL,
      parsed.BOOTSTRAP_OPERATOR_PASSWORD_FILE,
    ),
    dailyChatCap: parsed.ORG_DAILY_CHAT_CAP,
    userLimit: perMinute('user', parsed.USER_REQUESTS_PER_MINUTE),
    ipLimit: perMinute('ip', parsed.IP_REQUESTS_PER_MINUTE),
    loginLimit: perMinute('login', parsed.LOGIN_FAILURES_PER_MINUTE),
    chatMaxMs: parsed.CHAT_MAX_MS,
    drainMs: parsed.DRAIN_MS,
    trustedProxies: parsed.TRUSTED_PROXIES,
    logLevel: parsed.LOG_LEVEL,
  }
  assertProduction(config, env)
  return config
}

function perMinute(name: LimitPolicy['name'], limit: number): LimitPolicy {
  return { name, limit, windowSeconds: MINUTE_SECONDS }
}

function bootstrapOf(email: string | undefined, password: string | undefined) {
  if (email !== undefined && password !== undefined) return { email, password }
  if (email === undefined && password === undefined) return undefined
  throw new ConfigError([
    {
      name: `${PREFIX}BOOTSTRAP_OPERATOR_${email === undefined ? 'EMAIL' : 'PASSWORD_FILE'}`,
      problem: 'is not set, but its other half is',
      fix: 'give both or none',
    },
  ])
}

/** Production counts in Redis: a budget that each process keeps for itself is no budget. */
function assertProduction(config: GatewayConfig, env: Environment): void {
  if (readProfile(env) !== 'production' || config.redisUrl !== undefined) return
  throw new ConfigError([
    {
      name: `${PREFIX}REDIS_URL_FILE`,
      problem: 'is not set',
      fix: 'give the path of a file with the URL of Redis, or set LEXCUSTIS_PROFILE=embedded to run one gateway without',
    },
  ])
}
