/** Ends the process with the one line that scripts read; people read its hint. */
export function fail(failure) {
  process.stderr.write(`LEXCUSTIS_ERROR ${JSON.stringify(failure)}\n`, () => process.exit(1))
}
