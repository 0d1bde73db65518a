/**
 * How well passages are found, per labelled set, beside a plain BM25 on the same passages; and how
 * fast in a large collection. Measures and never fails. Run from the repository's root:
 *
 *   npx vitest run --config services/rag/test/retrieval.config.js
 *
 * LEXCUSTIS_QUALITY_DATA names the folder of the labelled sets (default ../shared/data). It is no part
 * of the repository; without it the report says so and is empty. LEXCUSTIS_CHUNKS is the size of the
 * large collection (default 0: not measured).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@lexcustis/core'
import { test } from 'vitest'
import { LancePassageIndex } from '../src/adapters/lance-index.js'
import { chunkText } from '../src/domain/chunking/chunk-text.js'
import { SHARED_OWNER } from '../src/domain/collection.js'
import { chunkIdOf, type StoredPassage } from '../src/domain/document.js'
import { searchAll } from '../src/domain/search/search-all.js'
import { indexTerms, searchableText, wordsOf } from '../src/domain/terms.js'
import { PlainBm25 } from './plain-bm25.js'

const DATA = join(process.env['LEXCUSTIS_QUALITY_DATA'] ?? '../shared/data', 'retrieval')
const LARGE = Number(process.env['LEXCUSTIS_CHUNKS'] ?? 0)
/** Passages asked for: enough to see twenty documents. */
const LIMIT = 50

interface LabelledSet {
  readonly name: string
  readonly corpus: readonly { id: string; title: string; text: string }[]
  readonly queries: readonly { id: string; text: string }[]
  /** Query id → ids of the documents that answer it. */
  readonly relevant: ReadonlyMap<string, ReadonlySet<string>>
}

interface Quality {
  readonly ndcg10: number
  readonly recall20: number
}

const lines = (set: string, file: string): string[] =>
  readFileSync(join(DATA, set, file), 'utf8')
    .trim()
    .split('\n')

function readSet(name: string): LabelledSet {
  const relevant = new Map<string, Set<string>>()
  for (const line of lines(name, 'qrels.tsv')) {
    const [query = '', document = '', grade] = line.split('\t')
    if (grade === '0') continue
    relevant.set(query, (relevant.get(query) ?? new Set()).add(document))
  }
  return {
    name,
    corpus: lines(name, 'corpus.jsonl').map((line) => JSON.parse(line) as LabelledSet['corpus'][0]),
    queries: lines(name, 'queries.jsonl').map(
      (line) => JSON.parse(line) as LabelledSet['queries'][0],
    ),
    relevant,
  }
}

const UNFILTERED = {
  documentIds: [],
  languages: [],
  datedFrom: undefined,
  datedBefore: undefined,
  organizationLimit: 0,
  sharedLimit: 0,
  documentLimit: 0,
}
/** A text without pages. */
const PLAIN = { page: 0, language: '' }

/** Passages of a set as the service would store them; `documentOf` gives the labelled id back. */
function passagesOf({ corpus }: LabelledSet): {
  passages: StoredPassage[]
  documentOf: Map<string, string>
} {
  const documentOf = new Map<string, string>()
  const passages = corpus.flatMap(({ id, title, text }) => {
    const documentId = uuidv7()
    return [...chunkText(text, false)].map((chunk) => {
      const chunkId = chunkIdOf(documentId, 1, chunk.ordinal)
      documentOf.set(chunkId, id)
      return { ...chunk, id: chunkId, documentId, documentName: title, version: 1, ...PLAIN }
    })
  })
  return { passages, documentOf }
}

async function addTo(
  index: LancePassageIndex,
  owner: string,
  passages: readonly StoredPassage[],
): Promise<void> {
  for (let from = 0; from < passages.length; from += 1_000) {
    const entries = passages.slice(from, from + 1_000).map((passage) => ({
      chunkId: passage.id,
      documentId: passage.documentId,
      language: '',
      datedAt: undefined,
      embedding: undefined,
      terms: indexTerms(wordsOf(searchableText(passage))),
    }))
    await index.add(owner, entries)
  }
  await index.commit(owner)
}

function searchIn(index: LancePassageIndex, byOwner: Map<string, Map<string, StoredPassage>>) {
  return searchAll({
    index,
    passages: {
      read: async (owner, ids) =>
        ids.flatMap((id) => {
          const passage = byOwner.get(owner)?.get(id)
          return passage ? [passage] : []
        }),
    },
    embedder: undefined,
    onNotEmbedded: () => undefined,
    onSourceFailed: (_, error) => {
      throw error
    },
  })
}

const byId = (passages: readonly StoredPassage[]) =>
  new Map(passages.map((passage) => [passage.id, passage]))

async function measure(
  set: LabelledSet,
  rankDocuments: (query: string) => Promise<string[]>,
): Promise<Quality> {
  let ndcg = 0
  let recall = 0
  for (const { id, text } of set.queries) {
    const wanted = set.relevant.get(id) ?? new Set()
    const found = [...new Set(await rankDocuments(text))].slice(0, 20)
    const gain = (hit: boolean, at: number) => (hit ? 1 / Math.log2(at + 2) : 0)
    const sum = (hits: boolean[]) => hits.reduce((total, hit, at) => total + gain(hit, at), 0)
    const ideal = sum(Array.from({ length: Math.min(10, wanted.size) }, () => true))
    ndcg += sum(found.slice(0, 10).map((document) => wanted.has(document))) / ideal
    recall += found.filter((document) => wanted.has(document)).length / wanted.size
  }
  return { ndcg10: ndcg / set.queries.length, recall20: recall / set.queries.length }
}

async function withIndex(use: (index: LancePassageIndex) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-report-'))
  {
    await using index = await LancePassageIndex.open(directory)
    await use(index)
  }
  await rm(directory, { recursive: true, force: true })
}

const row = (name: string, ...values: (string | number)[]) =>
  console.log(
    name.padEnd(20),
    ...values.map((value) => (typeof value === 'number' ? value.toFixed(4) : value).padStart(12)),
  )

const SETS = existsSync(DATA) ? readdirSync(DATA).map(readSet) : []

test.skipIf(SETS.length === 0)('quality per set', async () => {
  row('set', 'chunks', 'nDCG@10', 'recall@20', 'plain nDCG', 'plain rec.')
  const all: { ours: Quality; plain: Quality }[] = []
  for (const set of SETS) {
    await withIndex(async (index) => {
      const { passages, documentOf } = passagesOf(set)
      const owner = uuidv7()
      await addTo(index, owner, passages)
      const search = searchIn(index, new Map([[owner, byId(passages)]]))
      const ours = await measure(set, async (query) => {
        const result = await search(owner, { query, limit: LIMIT, ...UNFILTERED })
        return result.passages.map(({ passage }) => documentOf.get(passage.id) ?? '')
      })
      const bm25 = new PlainBm25(passages.map((p) => `${p.documentName} ${p.text}`))
      const plain = await measure(set, async (query) =>
        bm25.search(query).map((at) => documentOf.get(passages[at]?.id ?? '') ?? ''),
      )
      all.push({ ours, plain })
      row(
        set.name,
        String(passages.length),
        ours.ndcg10,
        ours.recall20,
        plain.ndcg10,
        plain.recall20,
      )
    })
  }
  const mean = (of: (item: (typeof all)[number]) => number) =>
    all.reduce((total, item) => total + of(item), 0) / all.length
  row(
    'mean',
    '',
    mean(({ ours }) => ours.ndcg10),
    mean(({ ours }) => ours.recall20),
    mean(({ plain }) => plain.ndcg10),
    mean(({ plain }) => plain.recall20),
  )
})

test.skipIf(SETS.length === 0)(
  'own documents beside shared ones: whose passage comes first',
  async () => {
    const english = SETS.filter(({ name }) => name.endsWith('_en'))
    row('own / shared', 'chunks', 'own first', 'shared first')
    for (const [own, shared, take] of [
      [english[1], english[0], 10_000],
      [english[0], english[1], 10_000],
      [english[1], english[0], 4],
      [english[0], english[1], 4],
    ] as const) {
      if (!own || !shared) continue
      await withIndex(async (index) => {
        const owner = uuidv7()
        const small = { ...own, corpus: own.corpus.slice(0, take) }
        const ofOwn = passagesOf(small).passages
        const ofShared = passagesOf(shared).passages
        await addTo(index, owner, ofOwn)
        await addTo(index, SHARED_OWNER, ofShared)
        const search = searchIn(
          index,
          new Map([
            [owner, byId(ofOwn)],
            [SHARED_OWNER, byId(ofShared)],
          ]),
        )
        const share = async (set: LabelledSet, source: string) => {
          const ids = new Set(set.corpus.map(({ id }) => id))
          const queries = set.queries.filter(({ id }) =>
            [...(set.relevant.get(id) ?? [])].some((document) => ids.has(document)),
          )
          let first = 0
          for (const { text } of queries) {
            const { passages } = await search(owner, { query: text, limit: 1, ...UNFILTERED })
            if (passages[0]?.source === source) first++
          }
          return first / queries.length
        }
        row(
          `${own.name}/${shared.name}`.slice(0, 20),
          `${ofOwn.length}/${ofShared.length}`,
          await share(small, 'organization'),
          await share(shared, 'shared'),
        )
      })
    }
  },
)

test.skipIf(SETS.length === 0 || LARGE === 0)('speed in a large collection', async () => {
  await withIndex(async (index) => {
    const texts = SETS.flatMap(({ corpus }) => corpus.map(({ text }) => text))
    const owner = uuidv7()
    const documentIds = Array.from({ length: 500 }, () => uuidv7())
    const passages = Array.from({ length: LARGE }, (_, i): StoredPassage => {
      const [a, b] = [texts[i % texts.length], texts[(i * 7_919 + 13) % texts.length]]
      const text = `${a?.slice(0, 500) ?? ''} ${b?.slice(0, 500) ?? ''}`
      const documentId = documentIds[i % documentIds.length] ?? ''
      const place = {
        ordinal: i,
        start: 0,
        end: text.length,
        headingPath: [],
        version: 1,
        ...PLAIN,
      }
      return { ...place, id: uuidv7(), documentId, documentName: 'large.txt', text }
    })
    const began = performance.now()
    await addTo(index, owner, passages)
    row('build, s', (performance.now() - began) / 1_000)
    const search = searchIn(index, new Map([[owner, byId(passages)]]))
    const queries = SETS.flatMap((set) => set.queries.slice(0, 40).map(({ text }) => text))
    row('search, ms', 'p50', 'p95', 'max')
    for (const round of ['first round', 'second round']) {
      const times: number[] = []
      for (const query of queries) {
        const start = performance.now()
        await search(owner, { query, limit: 8, ...UNFILTERED })
        times.push(performance.now() - start)
      }
      times.sort((a, b) => a - b)
      const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? 0
      row(round, at(0.5), at(0.95), at(1))
    }
    const more = passages.slice(0, 400).map((passage) => ({ ...passage, id: uuidv7() }))
    const addBegan = performance.now()
    await addTo(index, owner, more)
    row('add 400, s', (performance.now() - addBegan) / 1_000)
    row('resident, MB', process.memoryUsage().rss / 1e6)
  })
})
