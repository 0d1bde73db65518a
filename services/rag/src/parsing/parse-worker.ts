import { AppError } from '@lexcustis/core'
import type { FileToParse, ParsedDocument } from '../domain/ingest/parser.js'
import { DocumentFault } from './document-fault.js'
import { parseFile } from './parse-file.js'

/** Errors lose their class on the way between threads, so what is wrong with a file is an answer. */
export type Outcome = { readonly parsed: ParsedDocument } | { readonly fault: string }

/** What runs in the worker thread. */
export async function parse(file: FileToParse): Promise<Outcome> {
  try {
    return { parsed: await parseFile(file) }
  } catch (error) {
    if (error instanceof DocumentFault) return { fault: error.message }
    if (error instanceof AppError && error.reason === 'INVALID_INPUT') {
      return { fault: error.message }
    }
    // A parser gave up in a way of its own; its words may quote the file.
    return { fault: 'it is damaged: it cannot be read' }
  }
}
