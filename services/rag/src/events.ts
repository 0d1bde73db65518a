import type { AppError } from '@lexcustis/core'
import { Counter, type Logger, type Metrics } from '@lexcustis/runtime'
import type { Claim } from './domain/ingest/work.js'
import type { Source } from './domain/search/rank.js'

/** What this service says about itself. Never names of files, queries or passages. */
export interface Events {
  readonly started: (port: number) => void
  readonly documentReady: (claim: Claim, chunkCount: number) => void
  /** Was ready and is embedded with the present model now. */
  readonly documentEmbedded: (claim: Claim, chunkCount: number) => void
  readonly documentFailed: (claim: Claim, error: AppError) => void
  /** Will be tried again. */
  readonly documentDelayed: (claim: Claim, error: unknown) => void
  readonly workerFailed: (error: unknown) => void
  /** Deleted or replaced, but entries may be left in the index until a worker removes them. */
  readonly indexLeftover: (error: unknown) => void
  readonly questionNotEmbedded: (error: unknown) => void
  readonly sourceFailed: (source: Source, error: unknown) => void
  readonly callFailed: (rpc: string, caller: string, error: AppError | undefined) => void
}

export function createEvents(log: Logger, { registry }: Metrics): Events {
  const documents = new Counter({
    name: 'lexcustis_rag_documents_total',
    help: 'Documents a worker was done with, by outcome: ready, embedded, failed, delayed',
    labelNames: ['outcome'] as const,
    registers: [registry],
  })
  const sources = new Counter({
    name: 'lexcustis_rag_source_failures_total',
    help: 'Searches in which a source could not be searched',
    labelNames: ['source'] as const,
    registers: [registry],
  })
  const notEmbedded = new Counter({
    name: 'lexcustis_rag_questions_not_embedded_total',
    help: 'Searches by terms alone although there is an embedding model',
    registers: [registry],
  })
  const fields = ({ owner, attempt }: Claim) => ({ organization_id: owner, attempt })
  return {
    started: (port) => log.info({ port }, 'listening'),
    documentReady: (claim, count) => {
      documents.inc({ outcome: 'ready' })
      log.info({ ...fields(claim), count }, 'document ready')
    },
    documentEmbedded: (claim, count) => {
      documents.inc({ outcome: 'embedded' })
      log.info({ ...fields(claim), count }, 'document embedded again')
    },
    documentFailed: (claim, { reason }) => {
      documents.inc({ outcome: 'failed' })
      log.warn({ ...fields(claim), reason }, 'document failed')
    },
    documentDelayed: (claim, error) => {
      documents.inc({ outcome: 'delayed' })
      log.error({ ...fields(claim), error }, 'document will be tried again')
    },
    workerFailed: (error) => log.error({ error }, 'ingest worker cannot work'),
    indexLeftover: (error) => log.warn({ error }, 'index entries of a deleted document remain'),
    questionNotEmbedded: (error) => {
      notEmbedded.inc()
      log.warn({ error }, 'question searched by its terms alone')
    },
    sourceFailed: (source, error) => {
      sources.inc({ source })
      log.error({ name: source, error }, 'source not searched')
    },
    callFailed: (rpc, caller, error) =>
      log.error({ rpc, caller, reason: error?.reason, error: error?.cause }, 'call failed'),
  }
}
