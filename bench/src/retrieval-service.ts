import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type TenantContext, uuidv7 } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import {
  DocumentDefinition,
  type IngestDocumentRequest,
  SearchDefinition,
} from '@lexcustis/proto/rag'
import { createRpcClient } from '@lexcustis/rpc'
import { createTestCertificates, createTestTenantKeys, startTestPostgres } from '@lexcustis/testing'
import type { LargeDocument } from './retrieval-large.js'
import { listeningPort, processorMs, residentMb } from './service-process.js'

const SERVICE = fileURLToPath(new URL('../../services/rag/', import.meta.url))
const PIECE_BYTES = 65_536
/** Documents that may wait, so that the worker is never idle and the disk never full. */
const MAX_WAITING = 32
const POLL_MS = 100
const CALL_MS = 60_000

export interface BenchedRag extends AsyncDisposable {
  /** Sees every organisation's passages. */
  readonly superuserUrl: string
  readonly organizationId: string
  /** Sends a document; waits while too many are being worked on. */
  ingest(document: LargeDocument): Promise<void>
  /** Waits until every document sent is ready; returns how many passages there are. */
  settle(): Promise<number>
  /** Number of passages found, at most `limit`. */
  search(query: string, limit: number): Promise<number>
  /** Of the service's process, as the system sees it: PostgreSQL has its own. */
  residentMb(): number
  /** Processor time that the process has taken so far. */
  processorMs(): number
}

/** The rag service in a process of its own, over gRPC with mutual TLS, with a PostgreSQL of its own. */
export async function startRagProcess(): Promise<BenchedRag> {
  const folder = await mkdtemp(join(tmpdir(), 'lexcustis-bench-'))
  const postgres = await startTestPostgres({ settings: { max_wal_size: '2GB' } })
  await postgres.migrate('rag', join(SERVICE, 'migrations'))
  const keys = await createTestTenantKeys()
  const certificates = await createTestCertificates(['rag', 'gateway'])
  const { ca, cert, key } = await certificates.write('rag', folder)
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const child = spawn(process.execPath, [join(SERVICE, 'dist/main.js')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      LEXCUSTIS_LIFELINE: 'stdin',
      LEXCUSTIS_PROFILE: 'embedded',
      RAG_LISTEN_HOST: '127.0.0.1',
      RAG_GRPC_PORT: '0',
      RAG_METRICS_PORT: '0',
      RAG_TLS_CA_FILE: ca,
      RAG_TLS_CERT_FILE: cert,
      RAG_TLS_KEY_FILE: key,
      RAG_TENANT_KEYS_FILE: await file('keys.json', JSON.stringify(keys.jwks)),
      RAG_DATABASE_URL_FILE: await file('database-url', postgres.url('lexcustis_rag')),
      RAG_LANCEDB_DIR: join(folder, 'lance'),
      RAG_DRAIN_MS: '0',
    },
  })
  const port = await listeningPort(createInterface({ input: child.stdout }))
  // What it logs from now on is read and left.
  child.stdout.resume()
  const options = {
    address: `127.0.0.1:${port}`,
    peer: 'rag',
    tls: certificates.identity('gateway'),
  }
  const documents = createRpcClient(DocumentDefinition, options)
  const passages = createRpcClient(SearchDefinition, options)
  const database = openDatabase({ url: postgres.superuserUrl, name: 'bench' })
  const tenant: TenantContext = {
    organizationId: uuidv7(),
    userId: uuidv7(),
    userRole: 'admin',
    kind: 'user',
    via: 'jwt',
  }
  const context = async () => ({
    tenantToken: await keys.sign(tenant, 'rag'),
    deadline: new Date(Date.now() + CALL_MS),
  })
  const count = async (states: string) => {
    const [row] = await database.query<{ documents: bigint; passages: bigint }>(
      `SELECT count(*) AS documents, coalesce(sum(chunk_count), 0)::bigint AS passages
       FROM rag.document WHERE state = ANY ($1)`,
      [states.split(' ')],
    )
    return { documents: Number(row?.documents ?? 0), passages: Number(row?.passages ?? 0) }
  }
  const waitFor = async (waiting: number) => {
    while ((await count('queued parsing embedding')).documents > waiting) await setTimeout(POLL_MS)
    const failed = await count('failed')
    if (failed.documents > 0) throw new Error(`${failed.documents} documents failed`)
  }
  return {
    superuserUrl: postgres.superuserUrl,
    organizationId: tenant.organizationId,
    ingest: async (document) => {
      await waitFor(MAX_WAITING)
      await documents.ingestDocument(toMessages(document), await context())
    },
    settle: async () => {
      await waitFor(0)
      return (await count('ready')).passages
    },
    search: async (query, limit) => {
      const request = { ...UNFILTERED, query, limit }
      return (await passages.searchAll(request, await context())).passages.length
    },
    residentMb: () => residentMb(child.pid),
    processorMs: () => processorMs(child.pid),
    [Symbol.asyncDispose]: async () => {
      for (const client of [documents, passages]) client[Symbol.dispose]()
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await database[Symbol.asyncDispose]()
      await postgres[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

const UNFILTERED = {
  documentIds: [],
  languages: [],
  datedFrom: undefined,
  datedBefore: undefined,
  organizationLimit: 0,
  sharedLimit: 0,
  documentLimit: 0,
}

async function* toMessages({ name, text }: LargeDocument): AsyncGenerator<IngestDocumentRequest> {
  const described = { replaces: '', language: '', datedAt: undefined, source: '' }
  const header = { id: uuidv7(), name, mediaType: 'text/plain', ...described }
  yield { part: { $case: 'header', value: header } }
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    yield { part: { $case: 'data', value: bytes.subarray(from, from + PIECE_BYTES) } }
  }
}
