import { mib } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import { createTenantTokenVerifier, startRpcServer, withPeers } from '@lexcustis/rpc'
import { createMetrics, type Logger, type Open, openParts, startProbes } from '@lexcustis/runtime'
import { EmbeddingModel } from './adapters/embedding-model.js'
import { IngestWorker } from './adapters/ingest-worker.js'
import { LancePassageIndex } from './adapters/lance-index.js'
import { PgDocumentStore } from './adapters/pg-document-store.js'
import { PgPassageStore } from './adapters/pg-passage-store.js'
import { PgWorkStore } from './adapters/pg-work-store.js'
import { QdrantPassageIndex } from './adapters/qdrant-index.js'
import { ALLOW } from './allow.js'
import type { IndexSettings, RagConfig } from './config.js'
import { deleteDocument } from './domain/ingest/delete-document.js'
import { embedAgain } from './domain/ingest/embed-again.js'
import { ingestDocument } from './domain/ingest/ingest-document.js'
import { processBatch, type ProcessPorts } from './domain/ingest/process-batch.js'
import { readUpload } from './domain/ingest/read-upload.js'
import { UploadBudget } from './domain/ingest/upload-budget.js'
import { searchAll } from './domain/search/search-all.js'
import { createEvents, type Events } from './events.js'
import { documentHandlers } from './handlers/document-handlers.js'
import { knowledgeHandlers } from './handlers/knowledge-handlers.js'
import { searchHandlers } from './handlers/search-handlers.js'
import { ParserPool } from './parsing/parser-pool.js'
import { readinessChecks } from './readiness.js'

/** All uploads being received, together. */
const UPLOAD_MEMORY_BYTES = mib(200)
const RETRY_DELAY_MS = 1_000

/** How patient the worker is; tests are less so. */
export interface WorkerTiming {
  readonly pollMs: number
  /** A worker that has not said anything for so long is taken for dead. */
  readonly leaseMs: number
}

const TIMING: WorkerTiming = { pollMs: 1_000, leaseMs: 60_000 }

export interface RunningRag extends AsyncDisposable {
  readonly port: number
  readonly metricsPort: number
}

/** The wiring diagram. Disposing drains: running calls and the batch at hand end first. */
export async function startRag(
  config: RagConfig,
  log: Logger,
  timing: WorkerTiming = TIMING,
): Promise<RunningRag> {
  return openParts(async (open) => build(config, log, timing, open))
}

async function build(config: RagConfig, log: Logger, timing: WorkerTiming, open: Open) {
  const metrics = createMetrics('rag')
  const events = createEvents(log, metrics)
  const database = open(openDatabase({ url: config.databaseUrl, name: 'rag' }))
  const index = open(await openIndex(config.index))
  const embeddings = open(await EmbeddingModel.open(config.modelDirectory, config.embedding))
  const probes = open(
    await startProbes({
      host: config.listenHost,
      port: config.metricsPort,
      metrics,
      checks: readinessChecks({ database, index, indexKind: config.index.kind, embeddings }),
    }),
  )
  const parser = open(new ParserPool({ ...config.parsing, modelDirectory: config.modelDirectory }))
  const work = new PgWorkStore(database)
  const worker = open(
    startWorker({ work, index, parser, embedder: embeddings.forPassages }, events, timing),
  )

  const documents = new PgDocumentStore(database)
  const budget = new UploadBudget(UPLOAD_MEMORY_BYTES)
  const use = {
    documents,
    read: async (parts: Parameters<typeof readUpload>[0]) => readUpload(parts, budget),
    ingest: ingestDocument({ documents, wake: worker.wake }),
    remove: deleteDocument({ documents, index, onLeftover: events.indexLeftover }),
  }
  const search = searchAll({
    index,
    passages: new PgPassageStore(database),
    embedder: embeddings.forQuestions,
    onNotEmbedded: events.questionNotEmbedded,
    onSourceFailed: events.sourceFailed,
  })
  const server = open(
    await startRpcServer({
      host: config.listenHost,
      port: config.grpcPort,
      tls: config.tls,
      allow: withPeers(ALLOW, config.extraCallers),
      verify: createTenantTokenVerifier(config.tenantKeys, 'rag'),
      services: [documentHandlers(use), knowledgeHandlers(use), searchHandlers(search)],
      report: metrics.callReporter(({ path, caller, error }) =>
        events.callFailed(path, caller, error),
      ),
      drainMs: config.drainMs,
    }),
  )
  server.setServing(true)
  events.started(server.port)
  return {
    port: server.port,
    metricsPort: probes.port,
    beforeClose: () => probes.setDraining(),
  }
}

/** Qdrant need not answer yet: readiness says whether it does. */
async function openIndex(settings: IndexSettings): Promise<LancePassageIndex | QdrantPassageIndex> {
  return settings.kind === 'qdrant'
    ? new QdrantPassageIndex(settings)
    : LancePassageIndex.open(settings.directory)
}

function startWorker(
  ports: Pick<ProcessPorts, 'work' | 'index' | 'parser' | 'embedder'>,
  events: Events,
  { pollMs, leaseMs }: WorkerTiming,
): IngestWorker {
  const ingest = processBatch({
    ...ports,
    leaseMs,
    retryDelayMs: RETRY_DELAY_MS,
    onReady: events.documentReady,
    onFailed: events.documentFailed,
    onFault: events.documentDelayed,
    onLeftover: events.indexLeftover,
  })
  const { work, index, embedder } = ports
  const again =
    embedder &&
    embedAgain({
      work,
      index,
      embedder,
      leaseMs,
      onEmbedded: events.documentEmbedded,
      onFault: events.documentDelayed,
    })
  // What is new comes first; what is ready already can wait.
  const process = async (signal: AbortSignal): Promise<number> =>
    (await ingest(signal)) || ((await again?.(signal)) ?? 0)
  return new IngestWorker({ process, pollMs, onFault: events.workerFailed })
}
