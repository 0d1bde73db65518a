import { isFunctionWord, isNegation, stem } from './function-words.js'
import type { Paced } from '../check.js'
import { readWords, type Word } from '../text/words.js'

/** A content word of a statement. */
export interface Term {
  readonly stem: string
  readonly isNumber: boolean
  /** Written with a capital although it does not begin the sentence: a name, or a German noun. */
  readonly isName: boolean
}

/** One sentence reduced to what can be compared. */
export interface Statement {
  /** All folded words with one space before, between and after them, for exact quotes. */
  readonly wording: string
  readonly terms: readonly Term[]
  readonly isNegated: boolean
}

/** `[1]`, `[1, 2]`, `【3】`: citations are not part of what is said. */
const CITATION = /\[\d{1,4}(?:\s?[,;–-]\s?\d{1,4}){0,15}\]|【\d{1,4}】/g

/** Numbers that an answer cites, in order of appearance; a range counts its ends. */
export function readCitations(answer: string): number[] {
  return [...answer.matchAll(CITATION)].flatMap((match) =>
    [...match[0].matchAll(/\d+/g)].map(([digits]) => Number(digits)),
  )
}

export function stripCitations(answer: string): string {
  return answer.replace(CITATION, ' ')
}

/** Splits a text into sentences. */
export function* readStatements(text: string): Paced<Statement[]> {
  const words = yield* readWords(text)
  const sentences: Word[][] = []
  for (const word of words) {
    const current = sentences.at(-1)
    if (current && current[0]?.sentence === word.sentence) current.push(word)
    else sentences.push([word])
  }
  return sentences.map((sentence) => toStatement(sentence, text))
}

function toStatement(words: readonly Word[], text: string): Statement {
  const terms = words.flatMap((word, position): Term[] => {
    const isNumber = /^\d/.test(word.text)
    if (isFunctionWord(word.text) || isNegation(word.text)) return []
    if (word.text.length < 2 && !isNumber && !isIdeographic(word.text)) return []
    const first = text.charAt(word.start)
    const isName = position > 0 && first !== first.toLowerCase()
    return [{ stem: stem(word.text), isNumber: isNumber || /^\d+$/.test(stem(word.text)), isName }]
  })
  return {
    wording: ` ${words.map((word) => word.text).join(' ')} `,
    terms,
    isNegated: words.filter((word) => isNegation(word.text)).length % 2 === 1,
  }
}

function isIdeographic(word: string): boolean {
  return /\p{Ideographic}/u.test(word)
}
