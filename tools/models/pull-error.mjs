/** Why a pull ended; the exit code tells scripts apart what an operator has to do. */
export const EXIT = { network: 1, usage: 2, hash: 3, disk: 4, refused: 5 }

export class PullError extends Error {
  constructor(exitCode, message, options) {
    super(message, options)
    this.exitCode = exitCode
  }
}
