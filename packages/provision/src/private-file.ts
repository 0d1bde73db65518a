import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a folder that only its owner can enter. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
}

/** Replaces a file in one step: a crash leaves the old text or the new one, readable by its owner only. */
export async function writePrivateFile(path: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const next = `${path}.${process.pid}.new`
  await writeFile(next, text, { mode, flush: true })
  await rename(next, path)
}

/** The text of the file; made and kept at first use. */
export async function readOrCreate(
  path: string,
  create: () => string | Promise<string>,
): Promise<string> {
  if (existsSync(path)) {
    const text = (await readFile(path, 'utf8')).trim()
    if (text !== '') return text
  }
  const text = await create()
  await writePrivateFile(path, `${text}\n`)
  return text
}
