import { AppError, isUuid } from '@lexcustis/core'

export interface PageRequest {
  readonly limit: number
  /** Id of the last item of the page before. */
  readonly after: string | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** A page of items ordered by id; ask the store for one more than `limit`. */
export function pageOf<T extends { readonly id: string }>(
  rows: readonly T[],
  limit: number,
): Page<T> {
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** A cursor is the id it continues after. Throws INVALID_INPUT for anything else. */
export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || isUuid(cursor)) return cursor
  throw new AppError('INVALID_INPUT', 'the cursor is not one of ours', {
    errors: [{ pointer: '/cursor', detail: 'take next_cursor of the page before' }],
  })
}
