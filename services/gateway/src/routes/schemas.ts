import { AppError, isUuid, ROLES } from '@lexcustis/core'
import { z } from 'zod'

/** Shapes that several routes share. */
export const Email = z.email({ error: 'is not an e-mail address' }).max(254)

/** NIST SP 800-63B, section 5.1.1: length matters, composition rules do not. */
export const NewPassword = z
  .string()
  .min(8, 'needs at least 8 characters')
  .max(256, 'has more than 256 characters')

export const Name = z.string().trim().min(1, 'is empty').max(200, 'has more than 200 characters')

/** Letters, digits and hyphens that could be a DNS label (RFC 1035). */
export const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'takes 1 to 63 of a-z, 0-9 and inner hyphens')

export const OrganizationRole = z.enum(['member', 'reviewer', 'auditor', 'admin'])
export const AnyRole = z.enum(ROLES)

export const IdParams = z.object({ id: z.string() })

const DEFAULT_PAGE = 50

/** `?limit=1..200&cursor`; whatever else is in a query is ignored. */
export const PageQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'is not a whole number')
    .transform(Number)
    .pipe(z.number().min(1, 'is below 1').max(200, 'is above 200'))
    .default(DEFAULT_PAGE),
  cursor: z.string().min(1).max(200).optional(),
})

/** Size of the log or place in it: 64 bits, so a text where JSON has numbers. */
export const Position = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,18})$/, 'is not a position in the log')
  .transform(BigInt)

export const Instant = z.string().describe('RFC 3339, UTC')

/**
 * An id of the path. One that is not even a UUID belongs to nothing: the same NOT_FOUND as an unknown
 * one and as one of another organisation.
 */
export function readId(id: string, what: string): string {
  if (isUuid(id)) return id
  throw notFound(what)
}

export function notFound(what: string): AppError {
  return new AppError('NOT_FOUND', `there is no such ${what}`)
}

/** Another service's NOT_FOUND in the words every unknown id gets. */
export function asNotFound(what: string): (error: unknown) => never {
  return (error) => {
    throw AppError.from(error).reason === 'NOT_FOUND' ? notFound(what) : error
  }
}

/** The shape of a page of items. */
export function page<T extends z.ZodType>(
  item: T,
): z.ZodObject<{ items: z.ZodArray<T>; next_cursor: z.ZodNullable<z.ZodString> }> {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() })
}
