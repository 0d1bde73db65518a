import type { Hit } from '../check.js'

/** Adds later hits that touch none of the earlier; both lists and the result are in reading order. */
export function mergeHits(earlier: readonly Hit[], later: readonly Hit[]): Hit[] {
  const merged: Hit[] = []
  let next = 0
  for (const hit of later) {
    for (let known = earlier[next]; known && known.end <= hit.start; known = earlier[++next]) {
      merged.push(known)
    }
    const known = earlier[next]
    if (!known || known.start >= hit.end) merged.push(hit)
  }
  return [...merged, ...earlier.slice(next)]
}
