import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '@lexcustis/core'

const MAX_KNOWN_FOLDERS = 10_000

/** Files below one folder that are written once, whole and durable, or not at all. */
export interface DurableFiles {
  /**
   * Creates a file and the folders above it; durable once it resolves, also when somebody else was
   * first. False when the file is there already. Any number of processes may try at once.
   */
  create(path: string, content: string | Uint8Array): Promise<boolean>
}

/** Everything happens below `root`, which is there. */
export function createDurableFiles(root: string): DurableFiles {
  // Folders this process has made durable. One that another process just made may not be yet, so
  // that it exists is not enough.
  const durable = new Set<string>()

  async function makeFolder(folder: string): Promise<void> {
    if (folder === root || durable.has(folder)) return
    const parent = dirname(folder)
    await makeFolder(parent)
    await mkdir(folder, { mode: 0o750 }).catch(unless('EEXIST'))
    await syncFolder(parent)
    if (durable.size >= MAX_KNOWN_FOLDERS) durable.clear()
    durable.add(folder)
  }

  return {
    async create(path, content) {
      const target = join(root, path)
      const folder = dirname(target)
      try {
        await makeFolder(folder)
        const created = await linkNew(folder, target, content)
        await syncFolder(folder)
        return created
      } catch (error) {
        durable.clear()
        throw error
      }
    },
  }
}

/**
 * A link fails when the name is taken, on every file system and between processes; a rename would
 * replace. The content is on the disk before it has its name, so no name leads to half a file.
 */
async function linkNew(
  folder: string,
  target: string,
  content: string | Uint8Array,
): Promise<boolean> {
  const temporary = join(folder, `.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', 0o440)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    return await link(temporary, target).then(
      () => true,
      (error: unknown) => {
        if (errorCode(error) === 'EEXIST') return false
        throw error
      },
    )
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Makes the folder itself and whatever is missing above it, durable, also while another process does.
 * Not with `recursive`, which never ends below a folder that takes no children (/proc).
 */
export async function makeRoot(root: string): Promise<void> {
  const parent = dirname(root)
  try {
    await mkdir(root, { mode: 0o750 })
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(root)).isDirectory()) return
    if (errorCode(error) !== 'ENOENT') throw error
    await makeRoot(parent)
    await mkdir(root, { mode: 0o750 }).catch(unless('EEXIST'))
  }
  await syncFolder(parent)
}

/** The content of a file, or undefined when there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    unless('ENOENT')(error)
    return undefined
  }
}

/** A handler of rejections that swallows one code of Node's. */
export function unless(code: string): (error: unknown) => void {
  return (error) => {
    if (errorCode(error) !== code) throw error
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
}

/** What a failed call of the file system is to callers: UNAVAILABLE with its code, ENOSPC and so on. */
export function toUnavailable(error: unknown): unknown {
  const code = errorCode(error)
  if (error instanceof AppError || code === undefined) return error
  return new AppError('UNAVAILABLE', `the checkpoint store cannot be used (${code})`, {
    cause: error,
  })
}
