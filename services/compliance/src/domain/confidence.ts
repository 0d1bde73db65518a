import { foldWord } from './text/fold.js'
import { readCitations, stripCitations } from './grounding/statements.js'

/** Why the person must be told that an answer may be unreliable; the closed list. */
export const SIGNAL_REASONS = [
  'empty_answer',
  'no_answer',
  'no_sources',
  'low_grounding',
  'invalid_citation',
  'hedged_answer',
] as const
export type SignalReason = (typeof SIGNAL_REASONS)[number]

/** An answer below this gets a signal; `low_grounding` begins here too. */
export const LOW_CONFIDENCE_E4 = 5_000

export interface ConfidenceInput {
  readonly answer: string
  /** Numbers under which passages were given; empty when there were none. */
  readonly passageNumbers: readonly number[]
  /** 0 to 10000. */
  readonly groundingE4: number
}

export interface Confidence {
  /** 0 to 10000; below LOW_CONFIDENCE_E4 exactly when there are reasons. */
  readonly confidenceE4: number
  readonly reasons: readonly SignalReason[]
}

/** The form of an answer without sources says little: at best this much. */
const WITHOUT_SOURCES_E4 = 4_000
const NO_ANSWER_E4 = 2_500
const HEDGED_E4 = 4_000
const INVALID_CITATION_E4 = 3_500
/** A grounded answer that names no source is a little harder to check. */
const UNCITED_SHARE = 0.9

/** Phrases of answers that decline to answer (folded, in the larger languages of the Union). */
const NO_ANSWER = phrases(`
  i do not know|i don t know|i cannot answer|i can t answer|i can t help|i cannot help|i m unable to|i am unable to
  i m not able to|as an ai language model|i cannot assist|i can t assist|i m sorry but i|no information about|not contain information
  sources do not contain|passages do not contain|documents do not contain|context does not contain|could not find|couldn t find
  ich weiss es nicht|ich weiss nicht|kann ich nicht beantworten|kann diese frage nicht|keine informationen
  leider kann ich|je ne sais pas|je ne peux pas|aucune information|no lo se|no puedo responder|no contienen informacion
  no encontre|non lo so|non posso rispondere|nessuna informazione|nao sei|nao posso responder
  ik weet het niet|geen informatie|nie wiem|brak informacji|ne znam|nema informacija
`)
const HEDGES = phrases(`
  maybe|perhaps|possibly|i think|i believe|i guess|i m not sure|i am not sure|not certain|it might|it may be|probably
  presumably|it seems|as far as i know|vielleicht|moglicherweise|vermutlich|ich glaube|ich denke|nicht sicher|wahrscheinlich
  peut etre|je pense|je crois|probablement|il semble|quiza|quizas|tal vez|creo que|probablemente|parece que|forse
  probabilmente|credo che|penso che|sembra|talvez|provavelmente|acho que|misschien|waarschijnlijk|moze|prawdopodobnie|mozda|vjerojatno
`)
/** Share of an answer's words that hedges may have before it says little else. */
const HEDGED_SHARE = 0.08
const NO_ANSWER_WORDS = 60

/**
 * How far an answer can be relied on: its grounding, lowered by what is wrong with its citations and
 * its form. Every reason caps the value below LOW_CONFIDENCE_E4, so value and reasons never disagree.
 */
export function rateConfidence(input: ConfidenceInput): Confidence {
  const words = foldWord(stripCitations(input.answer)).match(/[\p{L}\p{N}]+/gu) ?? []
  if (words.length === 0) return { confidenceE4: 0, reasons: ['empty_answer'] }

  const cited = readCitations(input.answer)
  const caps = capsOf(input, words, cited)
  const reasons = SIGNAL_REASONS.filter((reason) => caps[reason] !== undefined)
  const uncited = cited.length > 0 ? 1 : UNCITED_SHARE
  const base = input.passageNumbers.length > 0 ? input.groundingE4 * uncited : WITHOUT_SOURCES_E4
  const floor = reasons.length > 0 ? 0 : LOW_CONFIDENCE_E4
  const confidence = Math.min(base, ...Object.values(caps))
  return { confidenceE4: Math.round(Math.max(confidence, floor)), reasons }
}

/** The most an answer can reach for each thing that is wrong with it. */
function capsOf(
  { passageNumbers, groundingE4 }: ConfidenceInput,
  words: readonly string[],
  cited: readonly number[],
): Partial<Record<SignalReason, number>> {
  const hasSources = passageNumbers.length > 0
  const isLow = hasSources && groundingE4 < LOW_CONFIDENCE_E4
  const isCitedWrongly = cited.some((number) => !passageNumbers.includes(number))
  return {
    ...(isNoAnswer(words) ? { no_answer: NO_ANSWER_E4 } : {}),
    ...(hasSources ? {} : { no_sources: WITHOUT_SOURCES_E4 }),
    ...(isLow ? { low_grounding: groundingE4 } : {}),
    ...(isCitedWrongly ? { invalid_citation: INVALID_CITATION_E4 } : {}),
    ...(isHedged(words) ? { hedged_answer: HEDGED_E4 } : {}),
  }
}

function phrases(list: string): readonly string[] {
  return list
    .split(/[|\n]/)
    .map((phrase) => phrase.trim())
    .filter(Boolean)
    .map((phrase) => ` ${phrase} `)
}

/** Declines, and says little besides: a long answer may well mention what it could not find. */
function isNoAnswer(words: readonly string[]): boolean {
  if (words.length > NO_ANSWER_WORDS) return false
  const text = ` ${words.join(' ')} `
  return NO_ANSWER.some((phrase) => text.includes(phrase))
}

function isHedged(words: readonly string[]): boolean {
  const text = ` ${words.join(' ')} `
  const hedges = HEDGES.reduce((count, phrase) => count + text.split(phrase).length - 1, 0)
  return hedges / words.length >= HEDGED_SHARE
}
