import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { drawQueries, type LargeDocument, recombine } from './retrieval-large.js'
import type { MiniAnswer, MiniRequest } from './retrieval-minisearch.js'
import { type BenchedRag, startRagProcess } from './retrieval-service.js'
import type { LabelledSet } from './retrieval-sets.js'
import { printTable, quantile } from './table.js'

const WARM_UP = 50
const MEASURED = 350
/** Passages wanted, as SearchAll has it when nothing is said. */
const LIMIT = 8
const MINISEARCH = fileURLToPath(new URL('./retrieval-minisearch.js', import.meta.url))

export interface SpeedOptions {
  /** Sizes of the collection, in passages. */
  readonly chunks: readonly number[]
  readonly seed: number
}

/**
 * The rag service over gRPC while a collection grows: how fast files become passages that are found,
 * how long a question takes, what it holds in memory; and minisearch over the same passages.
 */
export async function benchSpeed(
  sets: readonly LabelledSet[],
  { chunks, seed }: SpeedOptions,
): Promise<void> {
  await using rag = await startRagProcess()
  const documents = recombine(sets, seed)
  const queries = drawQueries(sets, WARM_UP + MEASURED, seed)
  const searches: (string | number)[][] = [
    ['passages', 'searched by', 'p50 ms', 'p95 ms', 'p99 ms', 'processor ms', 'resident MB'],
  ]
  const ingests: (string | number)[][] = [
    [
      'passages',
      'added',
      'MB',
      'seconds',
      'MB/s',
      'processor s',
      'minisearch s, of indexing alone',
    ],
  ]
  const collection = { rag, documents, passages: 0, bytes: 0 }
  for (const size of [...chunks].sort((a, b) => a - b)) {
    const { passages, bytes } = collection
    const ingest = await timed(rag, async () => growTo(collection, size))
    process.stderr.write(`${collection.passages} passages are ready\n`)
    const found = await timeSearches(rag, queries)
    const residentMb = rag.residentMb()
    process.stderr.write(`${found.searchMs.length} questions are answered, minisearch is next\n`)
    const mini = await askMiniSearch({ ...rag, queries, warmUp: WARM_UP, limit: LIMIT })
    searches.push(
      searchRow('SearchAll', { ...found, passages: collection.passages, residentMb }),
      searchRow('minisearch', mini),
    )
    const megabytes = (collection.bytes - bytes) / 1e6
    const { seconds, processorSeconds } = ingest
    ingests.push([
      String(collection.passages),
      String(collection.passages - passages),
      megabytes,
      seconds,
      megabytes / seconds,
      processorSeconds,
      mini.buildMs / 1_000,
    ])
  }
  const load = loadavg()[1]?.toFixed(1) ?? ''
  printTable(
    `Search, ${MEASURED} questions, ${LIMIT} passages each, one after the other; load of the machine ${load} on ${availableParallelism()} cores`,
    searches,
  )
  printTable('Ingest of text files: sent, parsed, cut, stored, indexed, findable', ingests)
}

type Timed = Pick<MiniAnswer, 'passages' | 'searchMs' | 'searchProcessorMs' | 'residentMb'>

function searchRow(name: string, answer: Timed): (string | number)[] {
  const { passages, searchMs, searchProcessorMs, residentMb } = answer
  return [
    String(passages),
    name,
    ...[0.5, 0.95, 0.99].map((share) => quantile(searchMs, share)),
    searchProcessorMs / searchMs.length,
    residentMb,
  ]
}

async function timed(
  rag: BenchedRag,
  work: () => Promise<void>,
): Promise<{ readonly seconds: number; readonly processorSeconds: number }> {
  const [startedAt, processor] = [performance.now(), rag.processorMs()]
  await work()
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    processorSeconds: (rag.processorMs() - processor) / 1_000,
  }
}

interface Collection {
  readonly rag: BenchedRag
  readonly documents: Generator<LargeDocument>
  passages: number
  bytes: number
}

/** Adds documents until there are about as many passages; how many one gives is learnt from the first. */
async function growTo(collection: Collection, size: number): Promise<void> {
  const { rag } = collection
  if (collection.passages === 0) {
    await sendOne(collection)
    collection.passages = await rag.settle()
  }
  const bytesPerPassage = collection.bytes / collection.passages
  while (collection.bytes < size * bytesPerPassage) await sendOne(collection)
  collection.passages = await rag.settle()
}

async function sendOne(collection: Collection): Promise<void> {
  const document = collection.documents.next().value as LargeDocument
  await collection.rag.ingest(document)
  collection.bytes += Buffer.byteLength(document.text)
}

async function timeSearches(
  rag: BenchedRag,
  queries: readonly string[],
): Promise<Pick<Timed, 'searchMs' | 'searchProcessorMs'>> {
  const searchMs: number[] = []
  let empty = 0
  let processor = rag.processorMs()
  for (const [at, query] of queries.entries()) {
    if (at === WARM_UP) processor = rag.processorMs()
    const startedAt = performance.now()
    const found = await rag.search(query, LIMIT)
    searchMs.push(performance.now() - startedAt)
    if (found === 0) empty += 1
  }
  // A search that finds nothing is fast and says nothing.
  if (empty > queries.length / 20) throw new Error(`${empty} questions found nothing`)
  const searchProcessorMs = rag.processorMs() - processor
  return { searchMs: searchMs.slice(WARM_UP), searchProcessorMs }
}

async function askMiniSearch({
  superuserUrl,
  organizationId,
  queries,
  warmUp,
  limit,
}: MiniRequest): Promise<MiniAnswer> {
  const child = fork(MINISEARCH, { execArgv: ['--max-old-space-size=8192'] })
  const request: MiniRequest = { superuserUrl, organizationId, queries, warmUp, limit }
  child.send(request)
  const ended = once(child, 'exit').then(() => {
    throw new Error('minisearch ended without an answer')
  })
  const answered = once(child, 'message').then(([answer]) => answer as MiniAnswer)
  return Promise.race([answered, ended])
}
