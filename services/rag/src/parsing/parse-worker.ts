import { AppError } from '@lexcustis/core'
import { workerData } from 'piscina'
import type { TokenCounter } from '../domain/chunking/text-sizes.js'
import type { FileToParse, ParsedDocument } from '../domain/ingest/parser.js'
import { cutPassages } from './cut-passages.js'
import { DocumentFault } from './document-fault.js'
import { languageOf } from './language.js'
import { parseFile } from './parse-file.js'

/** What a thread is told when it begins. */
export interface WorkerSettings {
  /**
   * Of the embedding model in whose tokens passages are measured; estimated without one, and with one
   * that cannot be used: documents can be searched by their words all the same.
   */
  readonly modelDirectory: string | undefined
}

/** Errors lose their class on the way between threads, so what is wrong with a file is an answer. */
export type Outcome = { readonly parsed: ParsedDocument } | { readonly fault: string }

let counter: Promise<TokenCounter | undefined> | undefined

/** What runs in the worker thread. */
export async function parse(file: FileToParse): Promise<Outcome> {
  const count = await (counter ??= openCounter())
  try {
    const read = await parseFile(file)
    const passages = cutPassages(read, count)
    return { parsed: { passages, language: languageOf(read.text) } }
  } catch (error) {
    if (error instanceof DocumentFault) {
      return { fault: `the document cannot be used: ${error.message}` }
    }
    if (error instanceof AppError && error.reason === 'INVALID_INPUT') {
      return { fault: error.message }
    }
    // A parser gave up in a way of its own; its words may quote the file.
    return { fault: 'the document cannot be used: it is damaged and cannot be read' }
  }
}

async function openCounter(): Promise<TokenCounter | undefined> {
  const { modelDirectory } = workerData as WorkerSettings
  if (modelDirectory === undefined) return undefined
  const { createTokenCounter, ModelError } = await import('@lexcustis/onnx')
  return createTokenCounter(modelDirectory).catch((error: unknown) => {
    // Whoever loads the model itself tells the operator.
    if (error instanceof ModelError) return undefined
    throw error
  })
}
