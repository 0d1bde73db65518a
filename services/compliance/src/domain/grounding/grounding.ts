import type { Paced } from '../check.js'
import { readStatements, type Statement, stripCitations, type Term } from './statements.js'

const WEIGHT = { word: 1, name: 1.6, number: 2 } as const
/** Neighbouring sentences that may together say what one sentence of the answer says. */
const WINDOW = 2
const PAIR_SHARE = 0.25
const WINDOW_SHARE = 0.45
/** A number of the answer that no passage has, a statement turned into its opposite. */
const WRONG_NUMBER = 0.45
const TURNED_AROUND = 0.5

interface Evidence {
  /** All folded words of the passage. */
  readonly wording: string
  readonly stems: ReadonlySet<string>
  /** Neighbouring terms, as "stem stem". */
  readonly pairs: ReadonlySet<string>
  readonly windows: readonly Window[]
}

interface Window {
  readonly stems: ReadonlySet<string>
  readonly isNegated: boolean
}

/**
 * Share of an answer that its passages support, 0 to 1, or undefined when it states nothing. Each
 * sentence counts by its content: its terms found in the best passage and close together there, as
 * neighbours, with the same numbers and the same polarity. A sentence quoted word by word counts in full.
 */
export function* measureGrounding(
  answer: string,
  passages: readonly string[],
): Paced<number | undefined> {
  const evidence: Evidence[] = []
  for (const passage of passages) evidence.push(toEvidence(yield* readStatements(passage)))
  let weight = 0
  let supported = 0
  for (const statement of yield* readStatements(stripCitations(answer))) {
    const size = sum(statement.terms, weightOf)
    if (size === 0) continue
    let best = 0
    for (const passage of evidence) {
      best = Math.max(best, support(statement, passage))
      yield
    }
    weight += size
    supported += size * best
  }
  return weight === 0 ? undefined : supported / weight
}

function toEvidence(statements: readonly Statement[]): Evidence {
  const terms = statements.flatMap((statement) => statement.terms)
  return {
    wording: statements.map(({ wording }) => wording.trimStart()).reduce((a, b) => a + b, ' '),
    stems: new Set(terms.map((term) => term.stem)),
    pairs: new Set(pairsOf(terms)),
    windows: statements.map(({ isNegated }, at) => ({
      isNegated,
      stems: new Set(
        statements.slice(at, at + WINDOW).flatMap((near) => near.terms.map((term) => term.stem)),
      ),
    })),
  }
}

function support(statement: Statement, passage: Evidence): number {
  if (passage.wording.includes(statement.wording)) return 1
  const { terms } = statement
  const inPassage = share(terms, passage.stems)
  if (inPassage === 0) return 0
  const [window, inWindow] = bestWindow(terms, passage.windows)
  const pairs = pairsOf(terms)
  const inPairs =
    pairs.length === 0 ? inPassage : pairs.filter((p) => passage.pairs.has(p)).length / pairs.length
  const overlap =
    (1 - PAIR_SHARE - WINDOW_SHARE) * inPassage + WINDOW_SHARE * inWindow + PAIR_SHARE * inPairs
  const isNumberMissing = terms.some((term) => term.isNumber && !passage.stems.has(term.stem))
  const isTurned = window !== undefined && window.isNegated !== statement.isNegated
  return overlap * (isNumberMissing ? WRONG_NUMBER : 1) * (isTurned ? TURNED_AROUND : 1)
}

function bestWindow(
  terms: readonly Term[],
  windows: readonly Window[],
): [Window | undefined, number] {
  let best: [Window | undefined, number] = [undefined, 0]
  for (const window of windows) {
    const found = share(terms, window.stems)
    if (found > best[1]) best = [window, found]
  }
  return best
}

function share(terms: readonly Term[], stems: ReadonlySet<string>): number {
  const found = terms.filter((term) => stems.has(term.stem))
  return sum(found, weightOf) / sum(terms, weightOf)
}

function weightOf(term: Term): number {
  if (term.isNumber) return WEIGHT.number
  return term.isName ? WEIGHT.name : WEIGHT.word
}

function pairsOf(terms: readonly Term[]): string[] {
  return terms.slice(1).map((term, at) => `${terms[at]?.stem ?? ''} ${term.stem}`)
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
