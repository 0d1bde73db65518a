import { AppError } from '@lexcustis/core'

/** Proof of having been recorded. */
export interface Receipt {
  readonly organizationId: string
  readonly incarnation: string
  readonly sequence: bigint
  readonly id: string
  readonly leaf: Buffer
  readonly recordedAt: string
}

export interface Appended {
  readonly receipt: Receipt
  /** It was there already, and nothing new was written. */
  readonly isDuplicate: boolean
}

export type Outcome = Appended | AppError

/** Of the records that are there now, the one furthest down its log. */
export function newestOf(outcomes: readonly Outcome[]): Receipt | undefined {
  let newest: Receipt | undefined
  for (const outcome of outcomes) {
    if (outcome instanceof AppError) continue
    const { receipt } = outcome
    if (!newest || isAfter(receipt, newest)) newest = receipt
  }
  return newest
}

function isAfter(one: Receipt, other: Receipt): boolean {
  if (one.incarnation !== other.incarnation) return one.incarnation > other.incarnation
  return one.sequence > other.sequence
}
