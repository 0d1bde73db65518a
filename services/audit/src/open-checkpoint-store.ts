import { openDirectoryCheckpointStore } from './adapters/directory-checkpoint-store.js'
import { connectS3Bucket } from './adapters/s3-bucket.js'
import { createS3CheckpointStore } from './adapters/s3-checkpoint-store.js'
import type { CheckpointConfig } from './checkpoint-config.js'
import type { CheckpointStore } from './domain/checkpoint-store.js'

/**
 * The store that the settings name. Throws AppError UNAVAILABLE when it cannot be used: a directory
 * that takes no file, a bucket that does not answer or locks nothing.
 */
export async function openCheckpointStore({
  checkpointBucket,
  checkpointDir,
}: Pick<CheckpointConfig, 'checkpointBucket' | 'checkpointDir'>): Promise<
  CheckpointStore & Disposable
> {
  if (!checkpointBucket) {
    const store = await openDirectoryCheckpointStore(checkpointDir)
    return { ...store, [Symbol.dispose]: () => undefined }
  }
  const bucket = await connectS3Bucket(checkpointBucket)
  try {
    await bucket.assertLocks()
  } catch (error) {
    bucket[Symbol.dispose]()
    throw error
  }
  return { ...createS3CheckpointStore(bucket), [Symbol.dispose]: bucket[Symbol.dispose] }
}
