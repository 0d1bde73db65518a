import type { LabelledSet } from './retrieval-sets.js'

export interface Quality {
  readonly ndcg10: number
  readonly recall20: number
  readonly mrr: number
}

/** Ids of documents, best first; a document may occur again. */
export type RankDocuments = (query: string) => Promise<readonly string[]> | readonly string[]

/** Distinct documents looked at. */
export const DEPTH = 20
const TOP = 10

/** Means over the queries of a set, of documents and not of passages: each counts where it is first. */
export async function measure(set: LabelledSet, rankDocuments: RankDocuments): Promise<Quality> {
  const all: Quality[] = []
  for (const { id, text } of set.queries) {
    const wanted = set.relevant.get(id) ?? new Set<string>()
    const found = [...new Set(await rankDocuments(text))].slice(0, DEPTH)
    all.push(
      judge(
        found.map((document) => wanted.has(document)),
        wanted.size,
      ),
    )
  }
  return meanOf(all)
}

export function meanOf(all: readonly Quality[]): Quality {
  const mean = (of: (quality: Quality) => number) =>
    all.reduce((total, quality) => total + of(quality), 0) / all.length
  return {
    ndcg10: mean(({ ndcg10 }) => ndcg10),
    recall20: mean(({ recall20 }) => recall20),
    mrr: mean(({ mrr }) => mrr),
  }
}

/** nDCG with binary gains, 1 / log2(rank + 1) (Järvelin and Kekäläinen, TOIS 2002). */
function judge(hits: readonly boolean[], wanted: number): Quality {
  const gain = (some: readonly boolean[]) =>
    some.reduce((total, hit, at) => total + (hit ? 1 / Math.log2(at + 2) : 0), 0)
  const ideal = Array.from({ length: Math.min(TOP, wanted) }, () => true)
  const first = hits.indexOf(true)
  return {
    ndcg10: gain(hits.slice(0, TOP)) / gain(ideal),
    recall20: hits.filter(Boolean).length / wanted,
    mrr: first < 0 ? 0 : 1 / (first + 1),
  }
}
