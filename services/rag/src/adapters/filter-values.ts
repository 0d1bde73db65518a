import { AppError, isUuid } from '@lexcustis/core'

const LANGUAGE = /^[a-z]{2,3}$/

/** The same text. Throws INVALID_INPUT for what is no UUID in lower case. */
export function checkedUuid(id: string): string {
  if (!isUuid(id)) throw new AppError('INVALID_INPUT', 'an id is not a UUID in lower case')
  return id
}

/** The same text. Throws INVALID_INPUT for what is no ISO 639 code in lower case. */
export function checkedLanguage(code: string): string {
  if (!LANGUAGE.test(code)) {
    throw new AppError(
      'INVALID_INPUT',
      'a language is not an ISO 639 code in lower case, like "de"',
    )
  }
  return code
}

/** Milliseconds since 1970. Throws INVALID_INPUT for an invalid date. */
export function checkedTime(date: Date): number {
  const time = date.getTime()
  if (Number.isNaN(time)) throw new AppError('INVALID_INPUT', 'a date to filter by is not a date')
  return time
}
