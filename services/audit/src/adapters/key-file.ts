import { chmodSync, chownSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

const MAX_BYTES = 65_536

/** What is wrong with a file of keys, as the end of a sentence. Never quotes what it holds. */
export class KeyProblem extends Error {
  override readonly name = 'KeyProblem'
}

export interface KeyFile {
  /** Without blanks and line ends around it. */
  readonly text: string
  /** Who else may read it, as the end of a sentence; undefined when nobody may. */
  readonly exposure: string | undefined
}

/** Throws KeyProblem when it cannot be read or is empty. */
export function readKeyFile(path: string): KeyFile {
  const stats = attempt(() => statSync(path))
  if (!stats.isFile()) throw new KeyProblem('is not a file')
  if (stats.size > MAX_BYTES) throw new KeyProblem('is too large for keys')
  const text = attempt(() => readFileSync(path, 'utf8')).trim()
  if (text === '') throw new KeyProblem('is empty')
  return { text, exposure: exposureOf(stats) }
}

/**
 * As PostgreSQL judges the key of its certificate: a file of ours is for us alone; one that belongs
 * to somebody else, as a secret mounted into a container does, may reach us through its group.
 */
export function exposureOf({ mode, uid }: Pick<Stats, 'mode' | 'uid'>): string | undefined {
  if (process.platform === 'win32') return undefined
  if ((mode & 0o007) !== 0) return 'can be used by every user of this machine'
  const isOurs = uid === process.geteuid?.()
  const forbidden = isOurs ? 0o070 : 0o030
  return (mode & forbidden) === 0 ? undefined : 'can be used by its group'
}

/** Makes a file, 0600 and durable. Throws KeyProblem when there is one already. */
export async function createKeyFile(path: string, text: string): Promise<void> {
  try {
    await writeNew(path, text)
  } catch (error) {
    throw isThere(error)
      ? new KeyProblem('is there already, and is left as it is')
      : toProblem(error)
  }
  await syncFolder(path)
}

/**
 * Replaces a file in one step: a crash leaves the old text or the new one. Its owner and group stay,
 * and a group that could read it still can; nobody else. Of two at a time, the second is refused
 * before it has read what the first is about to replace. Throws KeyProblem.
 */
export async function replaceKeyFile(
  link: string,
  change: (text: string) => Promise<string>,
): Promise<void> {
  // A rename would replace the link, not what it points to.
  const path = attempt(() => realpathSync(link))
  const next = `${path}.new`
  const file = await open(next, 'wx', 0o600).catch((error: unknown) => {
    if (!isThere(error)) throw toProblem(error)
    throw new KeyProblem('is being changed, or a change was interrupted: there is a .new beside it')
  })
  try {
    const { uid, gid, mode } = attempt(() => statSync(path))
    await fill(file, await change(readKeyFile(path).text))
    const made = statSync(next)
    if (made.uid !== uid || made.gid !== gid) chownSync(next, uid, gid)
    chmodSync(next, 0o600 | (mode & 0o040))
    await rename(next, path)
  } catch (error) {
    await unlink(next).catch(() => undefined)
    throw isSystemError(error) ? toProblem(error) : error
  } finally {
    await file.close()
  }
  await syncFolder(path)
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await fill(file, text)
  } catch (error) {
    // Half a key is of no use, and would be in the way of the next attempt.
    await unlink(path).catch(() => undefined)
    throw error
  } finally {
    await file.close()
  }
}

async function fill(file: FileHandle, text: string): Promise<void> {
  await file.writeFile(text)
  await file.sync()
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path))
  await folder.sync().finally(async () => folder.close())
}

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw toProblem(error)
  }
}

function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST'
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

function toProblem(error: unknown): KeyProblem {
  const code = (error as NodeJS.ErrnoException).code ?? 'unusable'
  return new KeyProblem(`cannot be used (${code})`)
}
