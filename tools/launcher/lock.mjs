import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/**
 * A lock that survives anything: its file names a process, and counts only while exactly that process
 * runs. A pid that was used again, or that nobody has reaped yet, does not hold it.
 */
export class Lock {
  constructor(path) {
    this.path = path
    this.text = JSON.stringify({ pid: process.pid, startTime: startTime(process.pid) })
  }

  /** Undefined when it is ours now; else the process that has it. */
  acquire() {
    const own = `${this.path}.${process.pid}`
    writeFileSync(own, this.text, { mode: 0o600 })
    try {
      for (;;) {
        // A link appears with its content, and only where there is none yet.
        if (tryLink(own, this.path)) return undefined
        const found = readText(this.path)
        const holder = parse(found)
        if (isHeldBy(holder)) return holder
        this.#setAside(found)
      }
    } finally {
      rmSync(own, { force: true })
    }
  }

  release() {
    if (readText(this.path) === this.text) rmSync(this.path, { force: true })
  }

  /** Removes a stale lock, and no other: another process may have done so and taken it since. */
  #setAside(stale) {
    const aside = `${this.path}.stale.${process.pid}`
    try {
      renameSync(this.path, aside)
    } catch {
      return
    }
    if (readText(aside) !== stale) tryLink(aside, this.path)
    rmSync(aside, { force: true })
  }
}

function tryLink(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isHeldBy(holder) {
  return (
    Number.isSafeInteger(holder?.pid) &&
    holder.pid > 0 &&
    startTime(holder.pid) === holder.startTime
  )
}

/** When a process started, in the system's own unit; undefined for one that has ended, reaped or not. */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // proc(5): the second field may hold blanks and ends at the last bracket; state is 3, start is 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return process.platform === 'linux' ? undefined : startTimeFromPs(pid)
  }
}

function startTimeFromPs(pid) {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
    }).trim()
    return line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}
