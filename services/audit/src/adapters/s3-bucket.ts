import type * as S3 from '@aws-sdk/client-s3'
import { AppError } from '@lexcustis/core'

export interface S3Options {
  /** Of a store that is not Amazon's; without it the region says where to go. */
  readonly endpoint?: string | undefined
  readonly region: string
  readonly bucket: string
  /** Before every key; empty or ends in `/`. */
  readonly prefix: string
  /**
   * How long nobody can remove what is written (object lock, mode COMPLIANCE). 0 writes without a
   * lock: then whoever has the credentials can remove it again.
   */
  readonly retentionDays: number
  /** Without it: what the machine gives (role of the instance or the pod). */
  readonly credentials?:
    { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  /** Of one attempt. */
  readonly timeoutMs?: number
}

/** Objects below one prefix that are written once. Throws AppError UNAVAILABLE. */
export interface S3Bucket extends Disposable {
  /** False when there is an object of this key already. Durable once it resolves. */
  create(key: string, content: string | Uint8Array, contentType: string): Promise<boolean>
  read(key: string): Promise<Uint8Array | undefined>
  /** The first key that starts with `prefix`, in the order of their bytes. */
  firstKey(prefix: string): Promise<string | undefined>
  /** Names directly below a folder that have something below them, in order. `folder` ends in `/`. */
  folders(folder: string): AsyncIterable<string>
  /** Throws AppError UNAVAILABLE when the bucket cannot lock objects and they are to be locked. */
  assertLocks(): Promise<void>
}

type Sdk = typeof S3

const ATTEMPTS = 3
const DAY_MS = 86_400_000

/** The client is only loaded here: who keeps checkpoints in a directory does not pay for it. */
export async function connectS3Bucket(options: S3Options): Promise<S3Bucket> {
  const sdk = await import('@aws-sdk/client-s3')
  const { timeoutMs = 10_000, bucket: Bucket, prefix } = options
  const client = new sdk.S3Client({
    region: options.region,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    ...(options.credentials ? { credentials: options.credentials } : {}),
  })

  return {
    create: (key, content, ContentType) =>
      answered(() => createObject(sdk, client, options, { key, content, ContentType })),

    read: (key) =>
      answered(async () => {
        try {
          const command = new sdk.GetObjectCommand({ Bucket, Key: prefix + key })
          const { Body } = await client.send(command)
          return await Body?.transformToByteArray()
        } catch (error) {
          if (nameOf(error) === 'NoSuchKey') return undefined
          throw error
        }
      }),

    firstKey: (start) =>
      answered(async () => {
        const Prefix = prefix + start
        const command = new sdk.ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 })
        const { Contents } = await client.send(command)
        return Contents?.[0]?.Key?.slice(prefix.length)
      }),

    async *folders(folder) {
      const Prefix = prefix + folder
      for (let token: string | undefined; ;) {
        const page = await answered(() =>
          client.send(
            new sdk.ListObjectsV2Command({
              Bucket,
              Prefix,
              Delimiter: '/',
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
          ),
        )
        for (const { Prefix: found = '' } of page.CommonPrefixes ?? []) {
          yield found.slice(Prefix.length, -1)
        }
        token = page.IsTruncated ? page.NextContinuationToken : undefined
        if (token === undefined) return
      }
    },

    assertLocks: async () => {
      if (options.retentionDays === 0) return
      const enabled = await answered(() => locksObjects(sdk, client, Bucket))
      if (enabled) return
      throw new AppError(
        'UNAVAILABLE',
        'the bucket for checkpoints has no object lock; enable it, or set the retention to 0 days',
      )
    },

    [Symbol.dispose]: () => client.destroy(),
  }
}

interface NewObject {
  readonly key: string
  readonly content: string | Uint8Array
  readonly ContentType: string
}

async function createObject(
  sdk: Sdk,
  client: S3.S3Client,
  { bucket, prefix, retentionDays }: S3Options,
  { key, content, ContentType }: NewObject,
): Promise<boolean> {
  const command = (): InstanceType<Sdk['PutObjectCommand']> =>
    new sdk.PutObjectCommand({
      Bucket: bucket,
      Key: prefix + key,
      Body: content,
      ContentType,
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'SHA256',
      ...lockedFor(retentionDays),
    })
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.send(command())
      return true
    } catch (error) {
      if (statusOf(error) === 412) return false
      // Another write of this key was under way; what became of it is known on the next attempt.
      if (nameOf(error) !== 'ConditionalRequestConflict' || attempt === ATTEMPTS) throw error
    }
  }
}

function lockedFor(days: number): {
  ObjectLockMode?: S3.ObjectLockMode
  ObjectLockRetainUntilDate?: Date
} {
  if (days === 0) return {}
  return {
    ObjectLockMode: 'COMPLIANCE',
    ObjectLockRetainUntilDate: new Date(Date.now() + days * DAY_MS),
  }
}

async function locksObjects(sdk: Sdk, client: S3.S3Client, Bucket: string): Promise<boolean> {
  try {
    const command = new sdk.GetObjectLockConfigurationCommand({ Bucket })
    const { ObjectLockConfiguration } = await client.send(command)
    return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  } catch (error) {
    if (nameOf(error) === 'ObjectLockConfigurationNotFoundError') return false
    throw error
  }
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  return (error.$metadata as { httpStatusCode?: number }).httpStatusCode
}

/** What the store refuses is as bad as its silence: nothing is released before its note is kept. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError) throw error
    const name = nameOf(error) ?? 'unknown'
    throw new AppError(
      'UNAVAILABLE',
      `the checkpoint store does not answer as it should (${name})`,
      {
        cause: error,
      },
    )
  }
}
