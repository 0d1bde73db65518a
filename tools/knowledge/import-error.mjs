/** 1: something was not imported. 2: the command was called wrongly. */
export const EXIT = { failed: 1, usage: 2 }

/** What a person can do something about: its message says what, and quotes no text of the file. */
export class ImportError extends Error {
  constructor(message, { exitCode = EXIT.failed, cause } = {}) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}
