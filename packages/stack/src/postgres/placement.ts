import { createHash } from 'node:crypto'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Account, canReach } from '../account.js'
import { StackFailure } from '../failure.js'
import { copyBinaries, installedBinaries, type NativeDirectory } from './binaries.js'

const run = promisify(execFile)

const SHARED_ROOT = '/var/lib/lexcustis'
/** Beside the data when it lives elsewhere: whose it is. */
const BELONGS_TO = 'belongs-to'
/** In the data folder, when the database lives elsewhere: where. */
const LOCATION = 'postgres-location'

export interface Placement {
  readonly native: NativeDirectory
  /** The cluster's folder; may not exist yet. Its parent is enterable by the account. */
  readonly directory: string
  /** Where things went because the account cannot enter the checkout or the data folder. */
  readonly elsewhere: string | undefined
}

/**
 * Finds a place for binaries and data that PostgreSQL's user can enter. Usually that is where they
 * are; under a 0700 folder of root it is `/var/lib/lexcustis/<hash of the data folder's path>`.
 */
export async function placePostgres(
  dataDir: string,
  account: Account | undefined,
  sharedRoot = SHARED_ROOT,
): Promise<Placement> {
  const installed = installedBinaries()
  const home = await realpath(dataDir)
  if (!account)
    return { native: installed, directory: join(home, 'postgres'), elsewhere: undefined }

  // Ours to open: whoever passes through sees no names, and everything inside is 0700 or 0600.
  await chmod(home, 0o711)
  const shared = join(sharedRoot, createHash('sha256').update(home).digest('hex').slice(0, 16))
  const directory = await placeData(home, shared, account)
  const reachable = canReach(account, join(installed, 'bin/postgres'), 'x')
  const native = reachable
    ? installed
    : await copyBinaries(installed, join(await open(shared), 'native'))
  const moved = !reachable || directory.startsWith(shared)
  return { native, directory, elsewhere: moved ? shared : undefined }
}

async function placeData(home: string, shared: string, account: Account): Promise<string> {
  const inside = join(home, 'postgres')
  const note = join(home, LOCATION)
  const outside = join(shared, 'postgres')
  if (existsSync(note)) {
    await followMove((await readFile(note, 'utf8')).trim(), shared)
    return outside
  }
  if (await canLiveIn(inside, account)) return inside

  await setAsideOrphan(shared)
  await open(shared)
  await writeFile(join(shared, BELONGS_TO), home)
  if (existsSync(join(inside, 'PG_VERSION'))) await run('cp', ['-pR', inside, outside])
  await writeFile(note, shared, { mode: 0o600, flush: true })
  await rm(inside, { recursive: true, force: true })
  return outside
}

async function open(shared: string): Promise<string> {
  await mkdir(shared, { recursive: true, mode: 0o755 })
  return shared
}

async function canLiveIn(directory: string, account: Account): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  try {
    await chown(directory, account.uid, account.gid)
  } catch {
    return false
  }
  return canReach(account, directory, 'w')
}

/** The data folder was renamed since: its database goes with it, unless the old one still uses it. */
async function followMove(recorded: string, shared: string): Promise<void> {
  if (recorded === shared || !existsSync(recorded)) return
  const owner = (await readFile(join(recorded, BELONGS_TO), 'utf8')).trim()
  if (existsSync(owner)) {
    throw new StackFailure(
      'DATA_DAMAGED',
      `This data folder is a copy of ${owner}, whose database is in ${recorded}; start from a fresh folder instead.`,
      { path: recorded },
    )
  }
  await rename(recorded, shared)
}

/** The data folder was deleted and made anew: what it left behind is kept, under another name. */
async function setAsideOrphan(shared: string): Promise<void> {
  if (existsSync(join(shared, 'postgres'))) await rename(shared, `${shared}.${Date.now()}`)
}
