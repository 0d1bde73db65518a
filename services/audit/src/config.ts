import {
  directory,
  type Environment,
  integer,
  readEnvironment,
  secretFile,
  type ServiceConfig,
  serviceShape,
  text,
  toServiceConfig,
} from '@lexcustis/runtime'
import { z } from 'zod'

export interface AuditConfig extends ServiceConfig {
  /** 32 bytes; this process is the only one that reads them. */
  readonly masterKey: Buffer
  /** Names this deployment in every log; never changes. */
  readonly origin: string
  /** How long after `ends_by` the end of a chat may come before it is lost. */
  readonly lostGraceMs: number
}

const MASTER_KEY = /^[A-Za-z0-9+/]{43}=$/
const ORIGIN = /^[!-*,-~]{1,200}$/

const masterKey = secretFile()
  .pipe(z.string().regex(MASTER_KEY, 'names a file that is not 32 bytes in base64'))
  .transform((base64) => Buffer.from(base64, 'base64'))
  .describe('the path of a file with 32 random bytes in base64')

const origin = text('lexcustis.local')
  .pipe(z.string().regex(ORIGIN, 'is not an origin'))
  .describe('a name in printable ASCII without space and +')

/** Throws ConfigError with every problem. */
export function readConfig(env: Environment): AuditConfig {
  const parsed = readEnvironment('AUDIT_', env, {
    ...serviceShape({ grpcPort: 50_051, metricsPort: 9_051 }),
    MASTER_KEY_FILE: masterKey,
    ORIGIN: origin,
    LOST_GRACE_MS: integer({ min: 0, max: 86_400_000, default: 30_000 }),
    // Set by every deployment already; used from the first version that signs checkpoints.
    CHECKPOINT_DIR: directory('checkpoints'),
  })
  return Object.freeze({
    ...toServiceConfig(parsed),
    masterKey: parsed.MASTER_KEY_FILE,
    origin: parsed.ORIGIN,
    lostGraceMs: parsed.LOST_GRACE_MS,
  })
}
