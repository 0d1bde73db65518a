import { wordsOf } from '../terms.js'

const MAX_CHARACTERS = 2_000
const HALF = MAX_CHARACTERS / 2
/** Words searched for; each costs time in a large index. */
const MAX_WORDS = 48

/**
 * Words to search for. Of a long text its beginning and its end are used: whoever pastes a page asks
 * above or below it. Of many words the longest are, since those say most, in the order they stand.
 */
export function queryWords(query: string): string[] {
  const words = wordsOf(excerpt(query))
  const distinct = [...new Set(words)]
  if (distinct.length <= MAX_WORDS) return words
  const kept = new Set(distinct.sort((a, b) => b.length - a.length).slice(0, MAX_WORDS))
  return words.filter((word) => kept.has(word))
}

function excerpt(query: string): string {
  if (query.length <= MAX_CHARACTERS) return query
  // A word cut in half finds nothing, or the wrong thing.
  const head = query.slice(0, HALF).replace(/\S{0,64}$/, '')
  const tail = query.slice(-HALF).replace(/^\S{0,64}/, '')
  return `${head} ${tail}`
}
