import type { Hit, Paced } from '../check.js'
import { createLexicon } from '../lexicon/lexicon.js'
import {
  findPatterns,
  firstAfter,
  type MeaningMap,
  type Occurrence,
  readMeanings,
} from '../lexicon/meanings.js'
import { otherSpellings } from '../text/spelling.js'
import { readWords } from '../text/words.js'
import type { BiasMeaning } from './meanings.js'
import { BIAS_TERMS } from './terms/index.js'

/** Kinds of discriminating language that are reported; `type` of a finding. */
export type BiasType =
  'slur' | 'dehumanising' | 'stereotype_generalisation' | 'incitement' | 'hatred' | 'exclusion'

interface BiasRule {
  readonly id: string
  readonly type: BiasType
  readonly scoreE4: number
  readonly steps: readonly (BiasMeaning | readonly BiasMeaning[])[]
  readonly gap: number
}

const LEXICON = createLexicon<BiasMeaning>(...BIAS_TERMS)

const RULES: readonly BiasRule[] = [
  { id: 'slur', type: 'slur', scoreE4: 9_000, steps: ['slur'], gap: 0 },
  { id: 'slur-addressed', type: 'slur', scoreE4: 6_500, steps: [['these', 'you'], 'ambiguous_slur'], gap: 1 },
  { id: 'group-is', type: 'dehumanising', scoreE4: 8_500, steps: ['group', 'are', 'dehumanising'], gap: 4 },
  { id: 'group-beside', type: 'dehumanising', scoreE4: 7_000, steps: ['these', 'group', 'dehumanising'], gap: 2 },
  { id: 'all-are', type: 'stereotype_generalisation', scoreE4: 8_000, steps: ['every', 'group', 'are', 'trait'], gap: 3 },
  { id: 'group-are', type: 'stereotype_generalisation', scoreE4: 6_500, steps: ['group', 'are', 'trait'], gap: 3 },
  { id: 'should-suffer', type: 'incitement', scoreE4: 8_500, steps: ['group', 'should', 'suffer'], gap: 3 },
  { id: 'should-group-suffer', type: 'incitement', scoreE4: 8_000, steps: ['should', 'group', ['suffer', 'violence']], gap: 3 },
  { id: 'violence-all', type: 'incitement', scoreE4: 8_000, steps: ['violence', ['every', 'these'], 'group'], gap: 2 },
  { id: 'should-violence', type: 'incitement', scoreE4: 8_000, steps: ['should', 'violence', 'group'], gap: 2 },
  { id: 'hate-group', type: 'hatred', scoreE4: 7_500, steps: ['hate', 'group'], gap: 2 },
  { id: 'group-disgusts', type: 'hatred', scoreE4: 6_500, steps: ['group', 'hate'], gap: 2 },
  { id: 'excluded', type: 'exclusion', scoreE4: 7_000, steps: ['group', 'excluded'], gap: 4 },
] // prettier-ignore

const NOT_BEFORE = 2

/** Discriminating language; each kind once per place, in reading order. */
export function* findBias(text: string): Paced<Hit[]> {
  const meanings = yield* readMeanings(yield* readWords(text), LEXICON, otherSpellings)
  const hits: Hit[] = []
  for (const rule of RULES) {
    yield
    for (const found of findPatterns(meanings, rule)) {
      if (rule.type !== 'slur' && isDenied(meanings, rule, found)) continue
      const start = meanings.words[found.first]?.start ?? 0
      const end = meanings.words[found.last]?.end ?? start
      const { type, scoreE4 } = rule
      hits.push({ type, rule: `bias.${rule.id}`, start, end, scoreE4 })
    }
  }
  return strongestPerPlace(hits)
}

/** `Not all women are …`, `women are not …`: the statement is denied. */
function isDenied(
  meanings: MeaningMap<BiasMeaning>,
  rule: BiasRule,
  { first, last }: Occurrence,
): boolean {
  // What excludes people is itself worded as a denial ("do not belong"): only one before it counts.
  const until = rule.type === 'exclusion' ? first : last
  const denial = firstAfter(meanings.of('not'), first - NOT_BEFORE - 1)
  return denial !== undefined && denial.first <= until
}

/** Several rules may see the same thing; the most certain one names it. */
function strongestPerPlace(hits: readonly Hit[]): Hit[] {
  const inOrder = [...hits].sort((a, b) => a.start - b.start || b.scoreE4 - a.scoreE4)
  const last = new Map<string, Hit>()
  const kept: Hit[] = []
  for (const hit of inOrder) {
    const before = last.get(hit.type)
    if (before && before.end > hit.start) continue
    last.set(hit.type, hit)
    kept.push(hit)
  }
  return kept
}
