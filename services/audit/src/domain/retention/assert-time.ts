import { AppError, type Clock } from '@lexcustis/core'

const MAX_DIFFERENCE_MICROS = 3_600_000_000n

/**
 * Nothing is deleted by a clock that is years ahead: the database, which usually has a host of its own,
 * must agree about the time to within an hour. Throws UNAVAILABLE.
 */
export async function assertTime(
  clock: Clock,
  databaseMicros: () => Promise<bigint>,
): Promise<void> {
  const difference = clock.nowMicros() - (await databaseMicros())
  const isClose = difference <= MAX_DIFFERENCE_MICROS && -difference <= MAX_DIFFERENCE_MICROS
  if (isClose) return
  throw new AppError(
    'UNAVAILABLE',
    'the clocks of the service and of its database differ by more than an hour; nothing is deleted',
  )
}
