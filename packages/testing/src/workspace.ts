import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from '@lexcustis/stack'

const ROOT = join(tmpdir(), `lexcustis-test-${process.getuid?.() ?? 0}`)

/** Folder of everything tests of this user leave on disk; others may pass through. */
export async function testRoot(): Promise<string> {
  await mkdir(ROOT, { recursive: true, mode: 0o711 })
  return ROOT
}

/** A folder for one use. Those of processes that ended without cleaning up are removed first. */
export async function makeTestDirectory(kind: string): Promise<string> {
  const root = await testRoot()
  await removeAbandoned(root)
  return mkdtemp(join(root, `${kind}-${process.pid}-`))
}

let swept = false

async function removeAbandoned(root: string): Promise<void> {
  if (swept) return
  swept = true
  for (const name of await readdir(root)) {
    const pid = Number(/^[a-z]+-(\d+)-/.exec(name)?.[1] ?? 'NaN')
    if (Number.isInteger(pid) && !isRunning(pid)) {
      await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined)
    }
  }
}

/** Builds something expensive once per machine; workers that race all get the first one's result. */
export async function buildOnce(
  directory: string,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const finished = join(directory, 'finished')
  if (existsSync(finished)) return directory
  const work = await makeTestDirectory('building')
  try {
    await build(work)
    await writeFile(join(work, 'finished'), '')
    await moveUnlessThere(work, directory, finished)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return directory
}

async function moveUnlessThere(from: string, to: string, finished: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!existsSync(finished)) throw error
  }
}
