import { AppError } from '@lexcustis/core'

/** What one upload holds of the budget; given back when it is disposed of. */
export interface UploadShare extends Disposable {
  take(bytes: number): void
}

/** Bounds the memory of all uploads together; without it fifty large ones would end the process. */
export class UploadBudget {
  readonly #maxBytes: number
  #usedBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** `take` throws UNAVAILABLE when too much is held at once. */
  open(): UploadShare {
    let heldBytes = 0
    return {
      take: (bytes) => {
        if (this.#usedBytes + bytes > this.#maxBytes) {
          throw new AppError('UNAVAILABLE', 'too many uploads at once; try again in a moment', {
            retryAfterMs: 2_000,
          })
        }
        this.#usedBytes += bytes
        heldBytes += bytes
      },
      [Symbol.dispose]: () => {
        this.#usedBytes -= heldBytes
        heldBytes = 0
      },
    }
  }
}
