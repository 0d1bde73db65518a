import { statfs } from 'node:fs/promises'
import { mib } from '@lexcustis/core'
import { diskFull } from '../failure.js'

/** A fresh cluster, the first tables, logs and an uploaded document or two. */
const FIRST_START_BYTES = mib(300)
/** Enough to write what a restart writes; PostgreSQL stops hard when it finds none. */
const RESTART_BYTES = mib(48)

/** Refuses to begin what would stop half-way. Throws DISK_FULL. */
export async function requireSpace(path: string, isFirstStart: boolean): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(path)
  // Some virtual file systems count nothing.
  if (blocks === 0) return
  if (bavail * bsize < (isFirstStart ? FIRST_START_BYTES : RESTART_BYTES)) throw diskFull(path)
}
