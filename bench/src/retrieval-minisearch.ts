/** Started by `retrieval-speed.ts` in a process of its own, so that its memory is its own. */
import { once } from 'node:events'
import { openDatabase } from '@lexcustis/postgres'
import MiniSearch from 'minisearch'
import { residentMb } from './service-process.js'

/** What it is told. */
export interface MiniRequest {
  /** Where the passages are read from: the very ones the service found its own in. */
  readonly superuserUrl: string
  readonly organizationId: string
  /** The first of them, for a warm-up, are not measured. */
  readonly queries: readonly string[]
  readonly warmUp: number
  readonly limit: number
}

/** What it answers. */
export interface MiniAnswer {
  readonly passages: number
  readonly buildMs: number
  readonly searchMs: readonly number[]
  /** Processor time of all measured searches. */
  readonly searchProcessorMs: number
  readonly residentMb: number
}

const PAGE = 5_000

interface Row {
  readonly id: string
  readonly name: string
  readonly text: string
}

const [request] = (await once(process, 'message')) as [MiniRequest]
process.send?.(await run(request))
process.disconnect()

async function run({ queries, warmUp, limit, ...source }: MiniRequest): Promise<MiniAnswer> {
  const mini = new MiniSearch<Row>({ fields: ['name', 'text'] })
  let buildMs = 0
  for await (const rows of pagesOf(source)) {
    const startedAt = performance.now()
    mini.addAll(rows)
    buildMs += performance.now() - startedAt
  }
  const search = (query: string): number => {
    const startedAt = performance.now()
    mini.search(query).slice(0, limit)
    return performance.now() - startedAt
  }
  queries.slice(0, warmUp).forEach(search)
  const before = process.cpuUsage()
  const searchMs = queries.slice(warmUp).map(search)
  const { user, system } = process.cpuUsage(before)
  return {
    passages: mini.documentCount,
    buildMs,
    searchMs,
    searchProcessorMs: (user + system) / 1_000,
    residentMb: residentMb(process.pid),
  }
}

async function* pagesOf({
  superuserUrl,
  organizationId,
}: Pick<MiniRequest, 'superuserUrl' | 'organizationId'>): AsyncGenerator<Row[]> {
  await using database = openDatabase({ url: superuserUrl, name: 'bench' })
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const rows = await database.query<Row>(
      `SELECT c.id, d.name, c.text FROM rag.chunk AS c
       JOIN rag.document AS d ON d.organization_id = c.organization_id AND d.id = c.document_id
       WHERE c.organization_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3`,
      [organizationId, after, PAGE],
    )
    const last = rows.at(-1)
    if (!last) return
    after = last.id
    yield rows
  }
}
