import {
  ConfigError,
  type ConfigProblem,
  type Environment,
  integer,
  readEnvironment,
  readProfile,
  secretFile,
  type ServiceConfig,
  serviceShape,
  text,
  toServiceConfig,
} from '@lexcustis/runtime'
import { z } from 'zod'
import {
  CHECKPOINT_SHAPE,
  checkCheckpointSettings,
  type CheckpointConfig,
  toCheckpointConfig,
} from './checkpoint-config.js'
import { KEY_SHAPE, type KeyConfig, readKeyConfig } from './key-config.js'

export interface AuditConfig extends ServiceConfig, KeyConfig, CheckpointConfig {
  /** Names this deployment in every log; never changes. */
  readonly origin: string
  /** How long after `ends_by` the end of a chat may come before it is lost. */
  readonly lostGraceMs: number
  /** Logs in as lexcustis_audit_eraser. */
  readonly eraserDatabaseUrl: string
  /** Logs in as lexcustis_audit_retention. */
  readonly retentionDatabaseUrl: string
  /** How long backups of the database are kept; 0: there are none. */
  readonly backupRetentionDays: number
  /** How often what was appended is signed. */
  readonly checkpointIntervalMs: number
}

const ORIGIN = /^[!-*,-~]{1,200}$/

const origin = text('lexcustis.local')
  .pipe(z.string().regex(ORIGIN, 'is not an origin'))
  .describe('a name in printable ASCII without space and +')

const SHAPE = {
  ...serviceShape({ grpcPort: 50_051, metricsPort: 9_051 }),
  ...KEY_SHAPE,
  ORIGIN: origin,
  ERASER_DATABASE_URL_FILE: secretFile(),
  RETENTION_DATABASE_URL_FILE: secretFile(),
  BACKUP_RETENTION_DAYS: integer({ min: 0, max: 3_650, default: 35 }),
  LOST_GRACE_MS: integer({ min: 0, max: 86_400_000, default: 30_000 }),
  ...CHECKPOINT_SHAPE,
  CHECKPOINT_INTERVAL_MS: integer({ min: 50, max: 5_000, default: 1_000 }),
}

/** Throws ConfigError with every problem. */
export function readConfig(env: Environment): AuditConfig {
  const problems: ConfigProblem[] = []
  const parsed = collecting(problems, () => readEnvironment('AUDIT_', env, SHAPE))
  const keys = collecting(problems, () => readKeyConfig(env, readProfile(env)))
  problems.push(...checkCheckpointSettings(env, readProfile(env)))
  if (!parsed || !keys || problems.length > 0) throw new ConfigError(problems)
  return Object.freeze({
    ...toServiceConfig(parsed),
    ...keys,
    origin: parsed.ORIGIN,
    lostGraceMs: parsed.LOST_GRACE_MS,
    eraserDatabaseUrl: parsed.ERASER_DATABASE_URL_FILE,
    retentionDatabaseUrl: parsed.RETENTION_DATABASE_URL_FILE,
    backupRetentionDays: parsed.BACKUP_RETENTION_DAYS,
    ...toCheckpointConfig(parsed),
    checkpointIntervalMs: parsed.CHECKPOINT_INTERVAL_MS,
  })
}

/** Settings and keys are read apart, and their problems shown together. */
function collecting<T>(problems: ConfigProblem[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}
