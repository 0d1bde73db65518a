import type { OrganizationLog } from '../checkpoint-store.js'
import type { LogTree } from './log-tree.js'

/** Trees where a signer stopped. One that is taken out and not put back is rebuilt the next time. */
export interface TreeCache {
  take(log: OrganizationLog): LogTree | undefined
  keep(log: OrganizationLog, tree: LogTree): void
  /** The database may be another one now. */
  clear(): void
}

/** Keeps the trees used last: each takes some ten kilobytes. */
export function createTreeCache(atMost: number): TreeCache {
  const trees = new Map<string, LogTree>()
  const nameOf = ({ organizationId, incarnation }: OrganizationLog): string =>
    `${organizationId}/${incarnation}`
  return {
    clear: () => {
      trees.clear()
    },
    take: (log) => {
      const tree = trees.get(nameOf(log))
      trees.delete(nameOf(log))
      return tree
    },
    keep: (log, tree) => {
      trees.set(nameOf(log), tree)
      const [oldest] = trees.keys()
      if (trees.size > atMost && oldest !== undefined) trees.delete(oldest)
    },
  }
}
