import type { AppError } from '@lexcustis/core'

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
