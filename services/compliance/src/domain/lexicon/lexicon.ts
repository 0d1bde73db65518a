import { foldWord } from '../text/fold.js'

/**
 * Words of one meaning in any language, as one text: words are separated by spaces, a trailing `*`
 * matches every word that begins so, and `_` joins the words of a phrase (`from_now_on`).
 */
export type Terms = string

/** Looks up what words mean. `C` are the meanings. */
export interface Lexicon<C extends string> {
  /** Meanings of a folded word. */
  meaningsOf(word: string): readonly C[]
  /** Phrases that begin with a folded word. */
  phrasesFrom(word: string): readonly Phrase<C>[]
}

export interface Phrase<C extends string> {
  readonly meaning: C
  /** Folded words after the first, exact or with a trailing `*`. */
  readonly rest: readonly string[]
}

const MIN_STEM = 3

/** Compiles word lists; each language adds its own terms to the same meanings. */
export function createLexicon<C extends string>(
  ...languages: readonly Partial<Readonly<Record<C, Terms>>>[]
): Lexicon<C> {
  const exact = new Map<string, C[]>()
  const stems = new Map<string, C[]>()
  const phrases = new Map<string, Phrase<C>[]>()
  for (const [meaning, term] of languages.flatMap(termsOf)) {
    const [first = '', ...rest] = term.split('_')
    if (rest.length > 0) add(phrases, first, { meaning, rest })
    else if (term.endsWith('*')) add(stems, term.slice(0, -1), meaning)
    else add(exact, term, meaning)
  }
  const longestStem = Math.max(0, ...Array.from(stems.keys(), (stem) => stem.length))

  return {
    phrasesFrom: (word) => phrases.get(word) ?? [],
    meaningsOf: (word) => {
      let found: readonly C[] = exact.get(word) ?? []
      const end = Math.min(word.length, longestStem)
      for (let length = MIN_STEM; length <= end; length++) {
        const meanings = stems.get(word.slice(0, length))
        if (meanings) found = found.length > 0 ? [...found, ...meanings] : meanings
      }
      return found
    },
  }
}

function termsOf<C extends string>(
  language: Partial<Readonly<Record<C, Terms>>>,
): [meaning: C, term: string][] {
  return (Object.entries(language) as [C, Terms][]).flatMap(([meaning, terms]) =>
    terms
      .split(/\s+/)
      .filter(Boolean)
      .map((term): [C, string] => [meaning, foldWord(term)]),
  )
}

function add<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}

/** Whether a folded word is what a phrase asks for at one place. */
export function matchesTerm(word: string | undefined, term: string): boolean {
  if (word === undefined) return false
  return term.endsWith('*') ? word.startsWith(term.slice(0, -1)) : word === term
}
