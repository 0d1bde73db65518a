import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type LogName, logPath } from '../domain/checkpoint-store.js'
import type { AnchorProgress } from '../domain/witness.js'
import { readIfThere, toUnavailable } from './durable-file.js'

const LINE = /^(\d{1,19}) (\d{1,19})\n$/

/**
 * One small file per witness and log, `<directory>/<witness>/<path of the log>`: the size delivered
 * last and when, replaced as a whole. It is not synced: what a crash loses or tears is delivered
 * again.
 */
export function createDirectoryAnchorProgress(directory: string): AnchorProgress {
  const pathOf = (witness: string, log: LogName): string =>
    join(directory, witness, ...logPath(log))
  return {
    async read(witness, log) {
      const path = pathOf(witness, log)
      try {
        const [, size, atMicros] =
          LINE.exec((await readIfThere(path))?.toString('utf8') ?? '') ?? []
        if (size === undefined || atMicros === undefined) return undefined
        return { size: BigInt(size), atMicros: BigInt(atMicros) }
      } catch (error) {
        throw toUnavailable(error)
      }
    },
    async write(witness, log, { size, atMicros }) {
      const path = pathOf(witness, log)
      const temporary = `${path}.${randomUUID()}.tmp`
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o750 })
        await writeFile(temporary, `${size} ${atMicros}\n`, { flag: 'wx', mode: 0o640 })
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined)
        throw toUnavailable(error)
      }
    },
  }
}
