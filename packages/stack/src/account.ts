import { execFileSync, spawnSync } from 'node:child_process'
import { StackFailure } from './failure.js'

/** A user that PostgreSQL may run as; it refuses to run as root. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const OURS = 'lexcustis'
/** Where no user can be added (a read-only /etc), one that is there already has to do. */
const FALLBACKS = ['postgres', 'nobody']

/** Who PostgreSQL runs as: undefined (ourselves) unless we are root. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const account = lookUp(OURS) ?? addSystemUser() ?? FALLBACKS.map(lookUp).find(Boolean)
  if (account) return account
  throw new StackFailure(
    'INSTALL_FAILED',
    'PostgreSQL does not run as root and no other user could be made; run npm start as a normal user, ' +
      `or add one first: useradd --system ${OURS}`,
  )
}

function lookUp(name: string): Account | undefined {
  try {
    const uid = Number(execFileSync('id', ['-u', name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    const gid = Number(execFileSync('id', ['-g', name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    return uid > 0 ? { name, uid, gid } : undefined
  } catch {
    return undefined
  }
}

/** `useradd` of shadow-utils, or `adduser` of busybox. */
function addSystemUser(): Account | undefined {
  const attempts: [string, string[]][] = [
    [
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', OURS],
    ],
    ['adduser', ['-S', '-D', '-H', OURS]],
  ]
  for (const [command, args] of attempts) {
    spawnSync(command, args, { stdio: 'ignore' })
    // Another start may have added it in the meantime: what counts is that it exists.
    const account = lookUp(OURS)
    if (account) return account
  }
  return undefined
}

/** Whether the account can get at the path with the given right: every folder above it counts too. */
export function canReach(account: Account | undefined, path: string, right: 'x' | 'w'): boolean {
  if (!account) return true
  const { status } = spawnSync('/bin/sh', ['-c', `test -${right} "$1"`, 'sh', path], {
    cwd: '/',
    stdio: 'ignore',
    ...identity(account),
  })
  return status === 0
}

/** Options of `spawn` for running as the account. */
export function identity(account: Account | undefined): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {}
}
