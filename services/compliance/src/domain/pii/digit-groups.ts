/** A run of digits and what separates it from the run before. */
export interface DigitGroup {
  readonly start: number
  readonly end: number
}

const ROW = /(?<![\p{L}\p{N}])\d+(?:[ -]\d+)*(?![\p{L}\p{N}])/gu

/** Rows of digit groups with single spaces or dashes between them, as numbers are printed. */
export function* digitRows(text: string): Generator<DigitGroup[], void, undefined> {
  for (const row of text.matchAll(ROW)) {
    const groups: DigitGroup[] = []
    for (const group of row[0].matchAll(/\d+/g)) {
      const start = row.index + group.index
      groups.push({ start, end: start + group[0].length })
    }
    yield groups
  }
}
