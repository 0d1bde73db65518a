import type { Schemas } from '@qdrant/js-client-rest'
import { QdrantRefusal } from './refusal.js'
import { Collection } from './store.js'

type Collections = Map<string, Collection>
type Run = (collections: Collections, name: string, body: never, last: string) => unknown

const DONE = { operation_id: 1, status: 'completed' }

function get(collections: Collections, name: string): Collection {
  const found = collections.get(name)
  if (!found) throw new QdrantRefusal(404, `Not found: Collection \`${name}\` doesn't exist!`)
  return found
}

const ROUTES: readonly (readonly [method: string, template: string, run: Run])[] = [
  ['GET', '/collections/{collection_name}', (all, name) => get(all, name).info()],
  ['GET', '/collections/{collection_name}/exists', (all, name) => ({ exists: all.has(name) })],
  [
    'PUT',
    '/collections/{collection_name}',
    (all, name, body: Schemas['CreateCollection']) => {
      if (all.has(name)) throw new QdrantRefusal(409, `Collection \`${name}\` already exists!`)
      all.set(name, new Collection(body))
      return true
    },
  ],
  [
    'PUT',
    '/collections/{collection_name}/index',
    (all, name, body: { field_name: string; field_schema: { type: 'keyword' | 'datetime' } }) => {
      get(all, name).createIndex(body.field_name, body.field_schema)
      return DONE
    },
  ],
  [
    'PUT',
    '/collections/{collection_name}/vectors/{vector_name}',
    (all, name, body: { dense: Schemas['VectorParams'] }, vector) => {
      get(all, name).createVector(vector, body)
      return DONE
    },
  ],
  [
    'PUT',
    '/collections/{collection_name}/points',
    (all, name, body: Schemas['PointsList']) => {
      get(all, name).upsert(body.points)
      return DONE
    },
  ],
  [
    'POST',
    '/collections/{collection_name}/points/delete',
    (all, name, body: Schemas['FilterSelector']) => {
      get(all, name).deleteBy(body.filter)
      return DONE
    },
  ],
  [
    'POST',
    '/collections/{collection_name}/points/query',
    (all, name, body: Schemas['QueryRequest']) => ({ points: get(all, name).query(body) }),
  ],
  [
    'POST',
    '/collections/{collection_name}/points/query/batch',
    (all, name, { searches }: Schemas['QueryRequestBatch']) =>
      searches.map((search) => ({ points: get(all, name).query(search) })),
  ],
]

export interface Route {
  readonly template: string
  readonly collection: string
  readonly run: (collections: Collections, body: unknown) => unknown
}

/** What answers a request; undefined when nothing here does. */
export function route(method: string, path: string): Route | undefined {
  for (const [of, template, run] of ROUTES) {
    const pattern = template.replace(/\{[a-z_]+\}/g, '([^/]+)')
    const match = of === method ? new RegExp(`^${pattern}$`).exec(path) : null
    if (!match) continue
    const [, collection = '', last = ''] = match
    return {
      template,
      collection,
      run: (all: Collections, body: unknown) => run(all, collection, body as never, last),
    }
  }
  return undefined
}
