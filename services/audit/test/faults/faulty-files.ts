import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { type Calls, type Fault, strikeSelf } from './calls.js'

type Call = (...args: unknown[]) => Promise<unknown>

const OF_PATHS = ['mkdir', 'readdir', 'readFile', 'stat', 'open', 'link', 'unlink'] as const
const OF_HANDLES = ['writeFile', 'sync', 'close'] as const

/** Whether a call of this name is one of these, and not one to the database. */
export function isOfFiles(name: string): boolean {
  return [...OF_PATHS, ...OF_HANDLES].some((known) => name.startsWith(`${known} `))
}

const watched = new Map<string, Calls>()
const pathOfHandle = new WeakMap<object, string>()
let isInstalled = false

/**
 * From now on every call of node:fs/promises whose path has this text in it passes by `calls`, those on
 * handles of such files included. Disposing ends that.
 */
export async function watchFiles(part: string, calls: Calls): Promise<Disposable> {
  if (!isInstalled) await install()
  watched.set(part, calls)
  return { [Symbol.dispose]: () => void watched.delete(part) }
}

async function install(): Promise<void> {
  isInstalled = true
  const handle = await promises.open(process.execPath, 'r')
  const handles = Object.getPrototypeOf(handle) as Record<string, Call>
  await handle.close()
  for (const name of OF_HANDLES) {
    const real = handles[name] as Call
    handles[name] = async function (this: object, ...args) {
      const path = pathOfHandle.get(this) ?? ''
      return make(`${name} ${path}`, path, async () => real.apply(this, args))
    }
  }
  const functions = promises as unknown as Record<string, Call>
  for (const name of OF_PATHS) {
    const real = functions[name] as Call
    functions[name] = async (path, ...args) => {
      const at = String(path)
      const result = await make(`${name} ${at}`, at, async () => real(path, ...args))
      if (name === 'open') pathOfHandle.set(result as object, at)
      return result
    }
  }
  // Modules that imported these functions by name see the new ones.
  syncBuiltinESMExports()
}

async function make(name: string, path: string, real: () => Promise<unknown>): Promise<unknown> {
  const calls = [...watched].find(([part]) => path.includes(part))?.[1]
  return calls ? carryOut(calls.next(kindOf(name)), real, name.startsWith('close')) : real()
}

async function carryOut(
  fault: Fault | undefined,
  real: () => Promise<unknown>,
  isClose: boolean,
): Promise<unknown> {
  if (fault === 'SIGSTOP') strikeSelf(fault)
  if (fault === undefined || fault === 'SIGSTOP') return real()
  // A file is closed also when close fails. What fails anyway, as for a folder that is not there yet,
  // is struck all the same.
  const isMade = isClose || (fault !== 'not done' && fault !== 'refused')
  const result = isMade ? await real().catch(() => undefined) : undefined
  if (fault === 'SIGKILL') strikeSelf(fault)
  // Nobody gets the handle of a file whose opening failed.
  if (isHandle(result)) await result.close()
  throw Object.assign(new Error('EIO: made to fail'), { code: 'EIO' })
}

/** What stays the same from one run to the next: no organisation, incarnation or random name. */
function kindOf(name: string): string {
  return name
    .replace(/\/\S*\/organizations/, 'organizations')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*')
}

function isHandle(result: unknown): result is promises.FileHandle {
  return typeof result === 'object' && result !== null && 'fd' in result
}
