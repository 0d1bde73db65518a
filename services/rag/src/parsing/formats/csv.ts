import { CsvError, parse } from 'csv-parse/sync'
import { DocumentFault } from '../document-fault.js'
import { MarkdownText } from '../markdown-text.js'

const MAX_COLUMNS = 1_000
const MAX_RECORD_CHARS = 1_000_000
const DELIMITERS = [',', ';', '\t', '|'] as const

/**
 * A paragraph for each row, every value behind the name of its column: whichever rows a passage holds,
 * it says what its numbers are. The first row names the columns. Throws DocumentFault.
 */
export function csvToMarkdown(csv: string): string {
  const [names = [], ...rows] = readRows(csv)
  if (names.length > MAX_COLUMNS) {
    throw new DocumentFault(`it has more than ${MAX_COLUMNS} columns`)
  }
  const out = new MarkdownText()
  if (rows.length === 0) out.paragraph(names.join(' | '))
  for (const row of rows) {
    const values = row.flatMap((value, at) => {
      const trimmed = value.trim()
      if (trimmed === '') return []
      const name = names[at]?.trim()
      return [name ? `${name}: ${trimmed}` : trimmed]
    })
    out.paragraph(values.join('; '))
  }
  return out.toString()
}

function readRows(text: string): string[][] {
  try {
    return parse(text, {
      delimiter: delimiterOf(text),
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: MAX_RECORD_CHARS,
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    if (error.code === 'CSV_MAX_RECORD_SIZE') {
      throw new DocumentFault(`a row is longer than ${MAX_RECORD_CHARS} characters`)
    }
    throw new DocumentFault('it is not a valid CSV file: a quote is opened and never closed')
  }
}

/** The one that the first line has most of; a comma when it has none. */
function delimiterOf(text: string): string {
  const line = /^[^\r\n]*/.exec(text)?.[0] ?? ''
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length)
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ','
}
