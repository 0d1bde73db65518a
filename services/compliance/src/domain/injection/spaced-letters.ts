import type { Paced } from '../check.js'
import type { Lexicon } from '../lexicon/lexicon.js'
import type { Word } from '../text/words.js'

const MIN_SPACED = 6
/** A longer run is a table or noise; its beginning is enough to know it. */
const MAX_SPACED = 256
const LETTER = /^\p{L}$/u
const MIN_WORD = 4
const LONGEST_WORD = 14

/**
 * Words written letter by letter (`i g n o r e`, `i.g.n.o.r.e`) become the words they spell. Where all gaps
 * are alike nothing says where a word ends; then the words the lexicon knows are cut out.
 */
export function* joinSpacedLetters(
  words: readonly Word[],
  lexicon: Lexicon<string>,
): Paced<Word[]> {
  const joined: Word[] = []
  let at = 0
  while (at < words.length) {
    const run = singleLetters(words, at)
    if (run.length >= MIN_SPACED) {
      joined.push(...cutWords(run, lexicon))
      at += run.length
      yield
    } else {
      joined.push(...words.slice(at, at + 1))
      at += 1
    }
  }
  return joined
}

function singleLetters(words: readonly Word[], from: number): readonly Word[] {
  let to = from
  while (to - from < MAX_SPACED && LETTER.test(words[to]?.text ?? '')) to += 1
  return words.slice(from, to)
}

/** Cuts a run of letters at wider gaps, and what is still long at words of the lexicon. */
function cutWords(run: readonly Word[], lexicon: Lexicon<string>): Word[] {
  const groups: Word[][] = []
  for (const letter of run) {
    const last = groups.at(-1)
    const isClose = last && letter.start - (last.at(-1)?.end ?? 0) <= 1
    if (isClose) last.push(letter)
    else groups.push([letter])
  }
  return groups.flatMap((letters) =>
    letters.length > LONGEST_WORD ? knownWords(letters, lexicon) : [spell(letters)],
  )
}

function knownWords(letters: readonly Word[], lexicon: Lexicon<string>): Word[] {
  const found: Word[] = []
  let at = 0
  while (at < letters.length) {
    const word = shortestKnown(letters, at, lexicon)
    if (word) found.push(spell(word))
    at += word?.length ?? 1
  }
  return found
}

function shortestKnown(
  letters: readonly Word[],
  from: number,
  lexicon: Lexicon<string>,
): readonly Word[] | undefined {
  for (let length = MIN_WORD; length <= LONGEST_WORD && from + length <= letters.length; length++) {
    const part = letters.slice(from, from + length)
    if (lexicon.meaningsOf(part.map(({ text }) => text).join('')).length > 0) return part
  }
  return undefined
}

function spell(letters: readonly Word[]): Word {
  return {
    text: letters.map(({ text }) => text).join(''),
    start: letters[0]?.start ?? 0,
    end: letters.at(-1)?.end ?? 0,
    sentence: letters[0]?.sentence ?? 0,
  }
}
