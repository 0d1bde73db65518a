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
  /** Stems by their first letters, so that a word is compared with a few of them. */
  const stems = new Map<string, Stem<C>[]>()
  const phrases = new Map<string, Phrase<C>[]>()
  for (const [meaning, term] of languages.flatMap(termsOf)) {
    const [first = '', ...rest] = term.split('_')
    if (rest.length > 0) add(phrases, first, { meaning, rest })
    else if (term.endsWith('*')) add(stems, term.slice(0, MIN_STEM), toStem(term, meaning))
    else add(exact, term, meaning)
  }
  return {
    phrasesFrom: (word) => phrases.get(word) ?? [],
    meaningsOf: (word) => {
      const known: readonly C[] = exact.get(word) ?? []
      const near = stems.get(word.slice(0, MIN_STEM))
      if (!near) return known
      const begun = near.filter(({ stem }) => word.startsWith(stem))
      return begun.length > 0 ? [...known, ...begun.map(({ meaning }) => meaning)] : known
    },
  }
}

interface Stem<C extends string> {
  readonly stem: string
  readonly meaning: C
}

function toStem<C extends string>(term: string, meaning: C): Stem<C> {
  const stem = term.slice(0, -1)
  if (stem.length < MIN_STEM) throw new Error(`${term} would match too many words`)
  return { stem, meaning }
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
