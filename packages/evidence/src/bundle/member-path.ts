import { EvidenceError } from '../failure.js'

const PATH = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/
const MAX_PATH_LENGTH = 255

/**
 * Whether a member may be called this (SPEC.md, section 8): relative, no part that is empty or only
 * dots, nothing that means something else on another system.
 */
export function isMemberPath(path: string): boolean {
  return (
    path.length <= MAX_PATH_LENGTH &&
    PATH.test(path) &&
    path.split('/').every((part) => !/^\.+$/.test(part))
  )
}

/**
 * Throws `bundle_unsafe` unless every path is fine and all are different, also where a file system
 * does not tell upper from lower case, and none is the folder of another.
 */
export function assertMemberPaths(paths: readonly string[]): void {
  const seen = new Set<string>()
  for (const path of paths) {
    if (!isMemberPath(path)) throw unsafe('a member has a name that is not allowed')
    const folded = path.toLowerCase()
    if (seen.has(folded)) throw unsafe('two members have the same name')
    seen.add(folded)
  }
  for (const path of seen) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      if (seen.has(path.slice(0, at))) throw unsafe('a member is also a folder')
    }
  }
}

export function unsafe(detail: string): EvidenceError {
  return new EvidenceError('bundle_unsafe', detail)
}

export function unreadable(detail: string): EvidenceError {
  return new EvidenceError('bundle_unreadable', detail)
}
