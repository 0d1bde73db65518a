import { AppError, isUuid, isUuidV7 } from '@lexcustis/core'
import { isRecordType, isSequence } from '@lexcustis/evidence'
import type { LogEntry, LogReader } from './ports.js'

export interface ListRequest {
  /** 1 to 200. */
  readonly limit: number
  /** `nextCursor` of the page before; empty for the first. */
  readonly cursor: string
  /** Empty for all. */
  readonly type: string
  /** Empty for all. */
  readonly ref: string
}

export interface Page {
  readonly items: readonly LogEntry[]
  /** Empty on the last page. */
  readonly nextCursor: string
}

/** The records of an organisation's newest log. */
export interface Entries {
  get(
    organizationId: string,
    key: { readonly id: string } | { readonly sequence: bigint } | undefined,
  ): Promise<LogEntry>
  list(organizationId: string, request: ListRequest): Promise<Page>
}

const MAX_LIMIT = 200
const MAX_SEQUENCE = 2n ** 63n - 1n

type Deps = Pick<LogReader, 'head' | 'byId' | 'bySequence' | 'list'>

export function createEntries(reader: Deps): Entries {
  const find = async (
    organizationId: string,
    key: { readonly id: string } | { readonly sequence: bigint },
  ): Promise<LogEntry | undefined> => {
    if ('id' in key) {
      if (!isUuidV7(key.id)) throw new AppError('INVALID_INPUT', 'id is not a UUIDv7')
      return reader.byId(organizationId, key.id)
    }
    if (key.sequence > MAX_SEQUENCE) return undefined
    const head = await reader.head(organizationId)
    return head && reader.bySequence(organizationId, head.incarnation, key.sequence)
  }
  return {
    get: async (organizationId, key) => {
      if (!key) throw new AppError('INVALID_INPUT', 'one of id and sequence must be given')
      const entry = await find(organizationId, key)
      if (!entry) throw new AppError('NOT_FOUND', 'there is no such record')
      return entry
    },

    list: async (organizationId, request) => {
      const { limit, cursor } = request
      const filter = readFilter(request)
      if (limit < 1 || limit > MAX_LIMIT) {
        throw new AppError('INVALID_INPUT', `limit must be 1 to ${MAX_LIMIT}`)
      }
      const from = cursor === '' ? await startOf(reader, organizationId) : readCursor(cursor)
      if (!from) return { items: [], nextCursor: '' }
      // One more than asked for says whether there is a next page.
      const found = await reader.list(organizationId, from, filter, limit + 1)
      const items = found.slice(0, limit)
      const last = items.at(-1)
      return { items, nextCursor: last && found.length > limit ? toCursor(last) : '' }
    },
  }
}

function readFilter({ type, ref }: ListRequest): {
  type: string | undefined
  ref: string | undefined
} {
  if (type !== '' && !isRecordType(type)) {
    throw new AppError('INVALID_INPUT', 'type is not a known type of record')
  }
  if (ref !== '' && !isUuidV7(ref)) throw new AppError('INVALID_INPUT', 'ref is not a UUIDv7')
  return { type: type === '' ? undefined : type, ref: ref === '' ? undefined : ref }
}

interface Place {
  readonly incarnation: string
  readonly after: bigint
}

async function startOf(reader: Deps, organizationId: string): Promise<Place | undefined> {
  const head = await reader.head(organizationId)
  return head && { incarnation: head.incarnation, after: -1n }
}

function toCursor({ incarnation, sequence }: LogEntry): string {
  return Buffer.from(`${incarnation}.${sequence}`).toString('base64url')
}

function readCursor(cursor: string): Place {
  const [incarnation = '', after = '', ...rest] = Buffer.from(cursor, 'base64url')
    .toString()
    .split('.')
  if (!isUuid(incarnation) || !isSequence(after) || rest.length > 0) {
    throw new AppError('INVALID_INPUT', 'cursor is not one of ours')
  }
  return { incarnation, after: BigInt(after) }
}
