import MiniSearch from 'minisearch'
import { DEPTH, meanOf, measure, type Quality } from './retrieval-measures.js'
import { openSearch, type Passage, passagesOf } from './retrieval-parts.js'
import { PlainBm25 } from './retrieval-plain-bm25.js'
import type { LabelledSet } from './retrieval-sets.js'
import { printTable } from './table.js'

/** Passages asked for: the most there are in one answer, and enough to see twenty documents. */
const ASKED = 50
/** Of which a caller who asks for twenty passages sees so many. */
const PASSAGES = 20
const WAYS = ['lex custis', 'plain BM25', 'minisearch'] as const

interface SetQuality {
  readonly ways: Readonly<Record<(typeof WAYS)[number], Quality>>
  /** Of twenty passages instead of twenty documents. */
  readonly ofPassages: Quality
}

/** nDCG@10, recall@20 and MRR of each set: three ways of searching, the same passages. */
export async function benchQuality(sets: readonly LabelledSet[]): Promise<void> {
  const measured: (readonly [LabelledSet, number, SetQuality])[] = []
  for (const set of sets) {
    const { passages, documentOf } = passagesOf(set)
    measured.push([set, passages.length, await measureSet(set, passages, documentOf)])
    process.stderr.write(`measured ${set.name}\n`)
  }
  const cells = ({ ways, ofPassages }: SetQuality) => [
    ...(['ndcg10', 'recall20', 'mrr'] as const).flatMap((key) =>
      WAYS.map((way) => ways[way][key].toFixed(4)),
    ),
    ofPassages.recall20.toFixed(4),
  ]
  const mean: SetQuality = {
    ways: Object.fromEntries(
      WAYS.map((way) => [way, meanOf(measured.map(([, , { ways }]) => ways[way]))]),
    ) as SetQuality['ways'],
    ofPassages: meanOf(measured.map(([, , { ofPassages }]) => ofPassages)),
  }
  printTable(
    `Quality per set; L = Lex Custis, B = plain BM25 (k1 1.2, b 0.75), M = minisearch 7.2.0; 20p = L with ${PASSAGES} passages instead of ${DEPTH} documents`,
    [
      ['set', 'language', 'queries', 'passages', ...HEADS],
      ...measured.map(([set, count, quality]) => [
        set.name,
        set.name.slice(set.name.lastIndexOf('_') + 1),
        String(set.queries.length),
        String(count),
        ...cells(quality),
      ]),
      ['mean', '', '', '', ...cells(mean)],
    ],
  )
}

const HEADS = [
  ...['nDCG@10', 'recall@20', 'MRR'].flatMap((name) =>
    ['L', 'B', 'M'].map((way) => `${name} ${way}`),
  ),
  'recall 20p L',
]

async function measureSet(
  set: LabelledSet,
  passages: readonly Passage[],
  documentOf: ReadonlyMap<string, string>,
): Promise<SetQuality> {
  const documents = (ids: readonly (string | undefined)[]) =>
    ids.map((id) => documentOf.get(id ?? '') ?? '')
  await using searched = await openSearch(passages)
  const bm25 = new PlainBm25(passages.map(({ documentName, text }) => `${documentName} ${text}`))
  const mini = new MiniSearch<Passage>({ fields: ['documentName', 'text'] })
  mini.addAll(passages)
  const answers = new Map<string, readonly string[]>()
  const ask = async (query: string) => {
    const found = documents((await searched.search(query, ASKED)).map(({ id }) => id))
    answers.set(query, found)
    return found
  }
  const ways = {
    'lex custis': await measure(set, ask),
    'plain BM25': await measure(set, (query) =>
      documents(bm25.search(query).map((at) => passages[at]?.id)),
    ),
    minisearch: await measure(set, (query) =>
      documents(mini.search(query).map(({ id }) => id as string)),
    ),
  }
  const ofPassages = await measure(set, (query) => answers.get(query)?.slice(0, PASSAGES) ?? [])
  return { ways, ofPassages }
}

/**
 * Own documents beside shared ones: the share of questions whose best passage comes from the collection
 * that answers it, also where one of the two has only a handful of documents.
 */
export async function benchSources(sets: readonly LabelledSet[]): Promise<void> {
  const [first, second] = sets.filter(({ name }) => name.endsWith('_en'))
  if (!first || !second) return
  const rows: (string | number)[][] = [
    ['own / shared', 'own passages', 'shared passages', 'own first', 'shared first'],
  ]
  for (const [own, shared, documents] of [
    [second, first, Infinity],
    [first, second, Infinity],
    [second, first, FEW],
    [first, second, FEW],
  ] as const) {
    rows.push(await measureSources({ ...own, corpus: own.corpus.slice(0, documents) }, shared))
  }
  printTable('Whose passage comes first, share of the questions that each answers', rows)
}

const FEW = 4

async function measureSources(own: LabelledSet, shared: LabelledSet): Promise<(string | number)[]> {
  const [ofOwn, ofShared] = [passagesOf(own).passages, passagesOf(shared).passages]
  await using searched = await openSearch(ofOwn, ofShared)
  const share = async ({ corpus, queries, relevant }: LabelledSet, source: string) => {
    const there = new Set(corpus.map(({ id }) => id))
    const answered = queries.filter(({ id }) =>
      [...(relevant.get(id) ?? [])].some((document) => there.has(document)),
    )
    let first = 0
    for (const { text } of answered) {
      if ((await searched.search(text, 1))[0]?.source === source) first += 1
    }
    return (first / answered.length).toFixed(4)
  }
  return [
    `${own.name} / ${shared.name}`,
    String(ofOwn.length),
    String(ofShared.length),
    await share(own, 'organization'),
    await share(shared, 'shared'),
  ]
}
