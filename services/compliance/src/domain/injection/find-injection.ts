import { type Hit, type Paced, REPORTED_FROM_E4 } from '../check.js'
import { createLexicon } from '../lexicon/lexicon.js'
import { findPattern, type MeaningMap, readMeanings } from '../lexicon/meanings.js'
import { otherSpellings } from '../text/spelling.js'
import { readWords } from '../text/words.js'
import { findEncoded } from './encoded.js'
import { combine, type Evidence } from './evidence.js'
import { findMarkup } from './markup.js'
import type { InjectionMeaning } from './meanings.js'
import { type InjectionType, WORD_RULES } from './rules.js'
import { joinSpacedLetters } from './spaced-letters.js'
import { ENGLISH } from './terms/english.js'
import { EUROPEAN } from './terms/european.js'
import { FURTHER } from './terms/further.js'

const LEXICON = createLexicon<InjectionMeaning>(ENGLISH, ...EUROPEAN, ...FURTHER)
const ENCODED_E4 = 8_500
/** Nobody types invisible tag characters: what they hide need not say anything bad. */
const INVISIBLE_E4 = 7_500

/** What a text shows of an injection. */
export interface InjectionReport {
  /** 0 to 10000, also when too low to be reported. */
  readonly scoreE4: number
  /** One per kind of injection, in reading order; empty below the reporting threshold. */
  readonly hits: readonly Hit[]
}

/** Looks for instructions that are aimed at the model rather than at its task. */
export function* findInjection(text: string): Paced<InjectionReport> {
  const evidence = [...(yield* findPlain(text))]
  for (const encoded of findEncoded(text)) {
    yield
    const isInvisible = encoded.kind === 'tags'
    const isHarmful = combine(yield* findPlain(encoded.text)) >= REPORTED_FROM_E4
    if (!isHarmful && !isInvisible) continue
    evidence.push({
      type: 'encoding_smuggling',
      rule: `injection.encoded.${encoded.kind}`,
      start: encoded.start,
      end: encoded.end,
      scoreE4: isHarmful ? ENCODED_E4 : INVISIBLE_E4,
    })
  }
  const scoreE4 = combine(evidence)
  return { scoreE4, hits: scoreE4 >= REPORTED_FROM_E4 ? summarize(evidence, scoreE4) : [] }
}

function* findPlain(text: string): Paced<Evidence[]> {
  const words = yield* joinSpacedLetters(yield* readWords(text), LEXICON)
  const meanings = yield* readMeanings(words, LEXICON, otherSpellings)
  return [...applyWordRules(meanings), ...(yield* findMarkup(text))]
}

function applyWordRules(meanings: MeaningMap<InjectionMeaning>): Evidence[] {
  return WORD_RULES.flatMap((rule) => {
    const found = findPattern(meanings, rule)
    if (!found) return []
    const start = meanings.words[found.first]?.start ?? 0
    const end = meanings.words[found.last]?.end ?? start
    return [{ type: rule.type, rule: `injection.${rule.id}`, start, end, scoreE4: rule.scoreE4 }]
  })
}

/**
 * One hit per kind: the strongest piece with the score of all pieces of its kind. When only the kinds
 * together pass the threshold, the strongest kind carries the whole score.
 */
function summarize(evidence: readonly Evidence[], totalE4: number): Hit[] {
  const kinds = new Map<InjectionType, Evidence[]>()
  for (const piece of evidence) {
    kinds.set(piece.type, [...(kinds.get(piece.type) ?? []), piece])
  }
  const summaries = [...kinds.values()].map((pieces) => ({
    ...pieces.reduce((best, piece) => (piece.scoreE4 > best.scoreE4 ? piece : best)),
    scoreE4: combine(pieces),
  }))
  summaries.sort((a, b) => b.scoreE4 - a.scoreE4)
  const [strongest] = summaries
  const reported = summaries.filter(({ scoreE4 }) => scoreE4 >= REPORTED_FROM_E4)
  if (reported.length === 0 && strongest) return [{ ...strongest, scoreE4: totalE4 }]
  return reported.sort((a, b) => a.start - b.start)
}
