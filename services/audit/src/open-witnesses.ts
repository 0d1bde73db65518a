import { join } from 'node:path'
import { createDirectoryAnchorProgress } from './adapters/directory-anchor-progress.js'
import { createTimestampAuthority } from './adapters/rfc3161-authority.js'
import { connectS3Bucket, type S3Options } from './adapters/s3-bucket.js'
import { createS3CheckpointStore } from './adapters/s3-checkpoint-store.js'
import { createStoreWitness } from './adapters/store-witness.js'
import { createWebhookWitness } from './adapters/webhook-witness.js'
import type { CheckpointConfig } from './checkpoint-config.js'
import type { CheckpointStore } from './domain/checkpoint-store.js'
import { type AnchorProgress, createTimestampWitness, type Witness } from './domain/witness.js'

/** The witnesses that the settings name; none of them is asked for anything yet. */
export function openWitnesses(
  { webhook, witnessBucket, timestamps }: CheckpointConfig,
  store: Pick<CheckpointStore, 'getTimestamp' | 'putTimestamp'>,
): readonly Witness[] {
  const witnesses: Witness[] = []
  if (webhook) witnesses.push(createWebhookWitness(webhook))
  if (witnessBucket) witnesses.push(createStoreWitness('bucket', () => openBucket(witnessBucket)))
  if (timestamps) {
    const { everyMs, ...options } = timestamps
    const authority = createTimestampAuthority(options)
    witnesses.push(createTimestampWitness({ authority, store, everyMs }))
  }
  return witnesses
}

/** How far each witness is: beside the checkpoints, also when those are in a bucket. */
export function openAnchorProgress({
  checkpointDir,
}: Pick<CheckpointConfig, 'checkpointDir'>): AnchorProgress {
  return createDirectoryAnchorProgress(join(checkpointDir, 'witnesses'))
}

async function openBucket(options: S3Options): Promise<CheckpointStore> {
  const bucket = await connectS3Bucket(options)
  try {
    await bucket.assertLocks()
  } catch (error) {
    bucket[Symbol.dispose]()
    throw error
  }
  return createS3CheckpointStore(bucket)
}
