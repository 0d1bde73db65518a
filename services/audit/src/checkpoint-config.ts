import { accessSync, constants } from 'node:fs'
import {
  type ConfigProblem,
  directory,
  type Environment,
  integer,
  optionalSecretFile,
  type Profile,
} from '@lexcustis/runtime'
import { z } from 'zod'
import { readCertificates } from './adapters/rfc3161-authority.js'
import type { S3Options } from './adapters/s3-bucket.js'

export interface CheckpointConfig {
  /** Where checkpoints are kept, unless `checkpointBucket` is; and how far each witness is. */
  readonly checkpointDir: string
  readonly checkpointBucket?: S3Options | undefined
  readonly webhook?: WebhookConfig | undefined
  readonly witnessBucket?: S3Options | undefined
  readonly timestamps?: TimestampConfig | undefined
}

export interface WebhookConfig {
  readonly url: string
  /** A path: it is read for each delivery. */
  readonly tokenFile: string | undefined
}

export interface TimestampConfig {
  readonly url: string
  /** PEM; without it the tokens of any authority count. */
  readonly trustedCertificates: string | undefined
  /** The least time between two timestamps of one log. */
  readonly everyMs: number
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const REGION = /^[a-z0-9-]{1,63}$/
const PREFIX = /^(?:[A-Za-z0-9._-]+\/)*$/
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
const PRE = 'AUDIT_'
const HOUR_MS = 3_600_000
const TEN_YEARS_IN_DAYS = 3_650
const MAX_RETENTION_DAYS = 36_500

const address = z
  .url({ protocol: /^https?$/, error: 'is not an https:// address' })
  .refine((value) => !hasLogin(value), 'holds a login')
  .optional()
  .describe('an https:// address, or leave it out')
const bucket = named(BUCKET, 'is not the name of a bucket', 'the name of a bucket')
const region = named(REGION, 'is not a region', 'the region of the bucket')
const prefix = z
  .string()
  .regex(PREFIX, 'is not a folder that ends in /')
  .default('')
  .describe('a folder that ends in /, or leave it out')
const readablePath = z
  .string()
  .refine(isReadable, 'names a file that cannot be read')
  .optional()
  .describe('the path of a readable file, or leave it out')
const certificates = optionalSecretFile()
  .refine((pem) => pem === undefined || holdsCertificates(pem), 'holds no certificate in PEM')
  .describe('the path of a file with certificates in PEM, or leave it out')
const retention = (days: number): z.ZodType<number, string | undefined> =>
  integer({ min: 0, max: MAX_RETENTION_DAYS, default: days })

export const CHECKPOINT_SHAPE = {
  CHECKPOINT_DIR: directory('checkpoints'),
  CHECKPOINT_STORE: z
    .enum(['directory', 's3'], { error: 'is neither directory nor s3' })
    .default('directory')
    .describe('directory or s3'),
  CHECKPOINT_S3_ENDPOINT: address,
  CHECKPOINT_S3_REGION: region,
  CHECKPOINT_S3_BUCKET: bucket,
  CHECKPOINT_S3_PREFIX: prefix,
  CHECKPOINT_S3_RETENTION_DAYS: retention(TEN_YEARS_IN_DAYS),
  CHECKPOINT_S3_ACCESS_KEY_ID_FILE: optionalSecretFile(),
  CHECKPOINT_S3_SECRET_ACCESS_KEY_FILE: optionalSecretFile(),
  WITNESS_WEBHOOK_URL: address,
  WITNESS_WEBHOOK_TOKEN_FILE: readablePath,
  WITNESS_S3_ENDPOINT: address,
  WITNESS_S3_REGION: region,
  WITNESS_S3_BUCKET: bucket,
  WITNESS_S3_PREFIX: prefix,
  // How long a witness keeps what it is given is the witness's own affair.
  WITNESS_S3_RETENTION_DAYS: retention(0),
  WITNESS_S3_ACCESS_KEY_ID_FILE: optionalSecretFile(),
  WITNESS_S3_SECRET_ACCESS_KEY_FILE: optionalSecretFile(),
  TIMESTAMP_URL: address,
  TIMESTAMP_CA_FILE: certificates,
  TIMESTAMP_INTERVAL_MS: integer({ min: 0, max: 24 * HOUR_MS, default: HOUR_MS }),
}

type Parsed = z.output<z.ZodObject<typeof CHECKPOINT_SHAPE>>

/** Settings that `checkCheckpointSettings` found nothing wrong with. */
export function toCheckpointConfig(parsed: Parsed): CheckpointConfig {
  const webhook = parsed.WITNESS_WEBHOOK_URL
  const timestamps = parsed.TIMESTAMP_URL
  return {
    checkpointDir: parsed.CHECKPOINT_DIR,
    checkpointBucket: toBucket({
      bucket: parsed.CHECKPOINT_S3_BUCKET,
      endpoint: parsed.CHECKPOINT_S3_ENDPOINT,
      region: parsed.CHECKPOINT_S3_REGION,
      prefix: parsed.CHECKPOINT_S3_PREFIX,
      retentionDays: parsed.CHECKPOINT_S3_RETENTION_DAYS,
      accessKeyId: parsed.CHECKPOINT_S3_ACCESS_KEY_ID_FILE,
      secretAccessKey: parsed.CHECKPOINT_S3_SECRET_ACCESS_KEY_FILE,
    }),
    witnessBucket: toBucket({
      bucket: parsed.WITNESS_S3_BUCKET,
      endpoint: parsed.WITNESS_S3_ENDPOINT,
      region: parsed.WITNESS_S3_REGION,
      prefix: parsed.WITNESS_S3_PREFIX,
      retentionDays: parsed.WITNESS_S3_RETENTION_DAYS,
      accessKeyId: parsed.WITNESS_S3_ACCESS_KEY_ID_FILE,
      secretAccessKey: parsed.WITNESS_S3_SECRET_ACCESS_KEY_FILE,
    }),
    webhook:
      webhook === undefined
        ? undefined
        : { url: webhook, tokenFile: parsed.WITNESS_WEBHOOK_TOKEN_FILE },
    timestamps:
      timestamps === undefined
        ? undefined
        : {
            url: timestamps,
            trustedCertificates: parsed.TIMESTAMP_CA_FILE,
            everyMs: parsed.TIMESTAMP_INTERVAL_MS,
          },
  }
}

interface ParsedBucket {
  readonly bucket: string | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly prefix: string
  readonly retentionDays: number
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
}

function toBucket(parsed: ParsedBucket): S3Options | undefined {
  const { bucket: name, region: place, accessKeyId, secretAccessKey, ...rest } = parsed
  if (name === undefined || place === undefined) return undefined
  const hasKeys = accessKeyId !== undefined && secretAccessKey !== undefined
  const credentials = hasKeys ? { accessKeyId, secretAccessKey } : undefined
  return { ...rest, bucket: name, region: place, credentials }
}

/** What is wrong between settings, each of which may be right. */
export function checkCheckpointSettings(env: Environment, profile: Profile): ConfigProblem[] {
  const isS3 = env['AUDIT_CHECKPOINT_STORE'] === 's3'
  const foreign = isS3 ? [] : given(env, 'CHECKPOINT_S3_')
  return [
    ...(isS3 ? checkBucket(env, 'CHECKPOINT_S3_', 'CHECKPOINT_STORE') : []),
    ...foreign.map((name) => {
      const problem = 'is set, but checkpoints are kept in a directory'
      return { name: PRE + name, problem, fix: `set ${PRE}CHECKPOINT_STORE=s3, or remove it` }
    }),
    ...checkBucket(env, 'WITNESS_S3_', given(env, 'WITNESS_S3_')[0]),
    ...needed(env, 'WITNESS_WEBHOOK_TOKEN_FILE', 'WITNESS_WEBHOOK_URL'),
    ...needed(env, 'TIMESTAMP_CA_FILE', 'TIMESTAMP_URL'),
    ...needed(env, 'TIMESTAMP_INTERVAL_MS', 'TIMESTAMP_URL'),
    ...checkWitnesses(env, profile),
  ]
}

/** A bucket has a name and a region, and two keys or none. `because` is what asks for it. */
function checkBucket(env: Environment, group: string, because?: string): ConfigProblem[] {
  if (because === undefined) return []
  const [id, secret] = [`${group}ACCESS_KEY_ID_FILE`, `${group}SECRET_ACCESS_KEY_FILE`]
  return [
    ...needed(env, because, `${group}BUCKET`),
    ...needed(env, because, `${group}REGION`),
    ...needed(env, id, secret),
    ...needed(env, secret, id),
  ]
}

/** A problem when `name` is set and `other`, without which it means nothing, is not. */
function needed(env: Environment, name: string, other: string): ConfigProblem[] {
  if (env[PRE + name] === undefined || env[PRE + other] !== undefined) return []
  const problem = `is not set, but ${PRE + name} is and needs it`
  return [{ name: PRE + other, problem, fix: `set it, or remove ${PRE + name}` }]
}

function given(env: Environment, group: string): string[] {
  const names = Object.keys(CHECKPOINT_SHAPE)
  return names.filter((name) => name.startsWith(group) && env[PRE + name] !== undefined)
}

function checkWitnesses(env: Environment, profile: Profile): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  if (profile === 'production' && sendsTokenInTheClear(env)) {
    problems.push({
      name: 'AUDIT_WITNESS_WEBHOOK_URL',
      problem: 'would send the token over the network in the clear',
      fix: 'give an https:// address',
    })
  }
  if (isStoreItsOwnWitness(env)) {
    problems.push({
      name: 'AUDIT_WITNESS_S3_BUCKET',
      problem: 'is the checkpoint store itself, which proves nothing',
      fix: 'give a bucket in other hands',
    })
  }
  return problems
}

function sendsTokenInTheClear(env: Environment): boolean {
  const url = env['AUDIT_WITNESS_WEBHOOK_URL'] ?? ''
  if (env['AUDIT_WITNESS_WEBHOOK_TOKEN_FILE'] === undefined || !URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !LOOPBACK.test(hostname)
}

function isStoreItsOwnWitness(env: Environment): boolean {
  if (env['AUDIT_WITNESS_S3_BUCKET'] === undefined) return false
  return ['ENDPOINT', 'BUCKET', 'PREFIX'].every(
    (name) => env[`AUDIT_WITNESS_S3_${name}`] === env[`AUDIT_CHECKPOINT_S3_${name}`],
  )
}

function named(
  pattern: RegExp,
  problem: string,
  what: string,
): z.ZodType<string | undefined, string | undefined> {
  return z.string().regex(pattern, problem).optional().describe(what)
}

function hasLogin(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username !== '' || password !== ''
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function holdsCertificates(pem: string): boolean {
  try {
    return readCertificates(pem).length > 0
  } catch {
    return false
  }
}
