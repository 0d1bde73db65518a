import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** A failure with a code of the closed list (see packages/stack/src/failure.ts) and a hint for people. */
export class LauncherFailure extends Error {
  constructor(code, hint, detail = {}) {
    super(hint)
    this.code = code
    this.hint = hint
    this.detail = detail
  }
}

/** What is printed about anything thrown. What nobody foresaw goes to a log with its stack. */
export function toFailure(error, dataDir) {
  const full = findCause(error, ({ code }) => code === 'ENOSPC' || code === 'EDQUOT')
  if (full) {
    const hint = `There is no space left where ${full.path ?? dataDir} is; free some and run npm start again, nothing is lost.`
    return { code: 'DISK_FULL', hint, path: full.path ?? dataDir }
  }
  if (typeof error?.hint === 'string') {
    return { code: error.code, hint: error.hint, ...error.detail }
  }
  const denied = findCause(error, ({ code }) =>
    ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code),
  )
  if (denied?.path) {
    const hint = `${denied.path} cannot be used (${denied.code}); it has to be a folder or file of the user who runs npm start.`
    return { code: 'DATA_DAMAGED', hint, path: denied.path }
  }
  const log = writeLog(error, dataDir)
  const message = error instanceof Error ? error.message.split('\n')[0] : 'unknown'
  const where = log ? `; ${log} has the details` : ''
  return {
    code: 'CHILD_DIED',
    hint: `The start failed unexpectedly (${message})${where}.`,
    child: 'launcher',
  }
}

function findCause(error, matches) {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (matches(cause)) return cause
  }
  return undefined
}

function writeLog(error, dataDir) {
  const path = join(dataDir, 'logs', 'launcher.log')
  try {
    mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 })
    appendFileSync(path, `${new Date().toISOString()} ${error?.stack ?? error}\n`, { mode: 0o600 })
    return path
  } catch {
    return undefined
  }
}
