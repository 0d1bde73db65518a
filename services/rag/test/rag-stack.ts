import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Role, type TenantContext, uuidv7 } from '@lexcustis/core'
import {
  type Document,
  DocumentDefinition,
  DocumentState,
  type IngestDocumentRequest,
  KnowledgeDefinition,
  type SearchAllRequest,
  SearchDefinition,
} from '@lexcustis/proto/rag'
import { type CallContext, createRpcClient, type RpcClient } from '@lexcustis/rpc'
import { createLogger } from '@lexcustis/runtime'
import {
  createTestCertificates,
  createTestTenantKeys,
  startTestPostgres,
  type TestCertificates,
  type TestPostgres,
  type TestTenantKeys,
} from '@lexcustis/testing'
import type { IndexSettings } from '../src/config.js'
import { type RunningRag, startRag, type WorkerTiming } from '../src/service.js'

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url))
const FAST: WorkerTiming = { pollMs: 50, leaseMs: 3_000 }

export interface RagClients extends Disposable {
  readonly documents: RpcClient<typeof DocumentDefinition>
  readonly knowledge: RpcClient<typeof KnowledgeDefinition>
  readonly search: RpcClient<typeof SearchDefinition>
}

/** Real Postgres, real certificates, one folder for the index; replicas are started by the test. */
export class RagStack implements AsyncDisposable {
  readonly logLines: string[] = []
  /** Of the replicas that are started from now on. */
  modelDirectory: string | undefined = undefined
  /** Of the replicas that are started from now on; undefined for LanceDB. */
  index: IndexSettings | undefined = undefined
  readonly #started: (AsyncDisposable | Disposable)[] = []

  private constructor(
    readonly postgres: TestPostgres,
    readonly certificates: TestCertificates,
    readonly keys: TestTenantKeys,
    readonly directory: string,
  ) {}

  static async start(): Promise<RagStack> {
    const postgres = await startTestPostgres()
    await postgres.migrate('rag', MIGRATIONS)
    const certificates = await createTestCertificates(['rag', 'gateway', 'compliance', 'llm'])
    const directory = await mkdtemp(join(tmpdir(), 'lexcustis-rag-'))
    return new RagStack(postgres, certificates, await createTestTenantKeys(), directory)
  }

  async replica(timing: Partial<WorkerTiming> = {}): Promise<RunningRag> {
    const log = createLogger({
      service: 'rag',
      level: 'debug',
      destination: { write: (line) => this.logLines.push(line) },
    })
    const config = {
      listenHost: '127.0.0.1',
      grpcPort: 0,
      metricsPort: 0,
      tls: this.certificates.identity('rag'),
      tenantKeys: this.keys.jwks,
      databaseUrl: this.postgres.url('rag'),
      drainMs: 2_000,
      logLevel: 'debug',
      extraCallers: {},
      index: this.index ?? { kind: 'lancedb' as const, directory: join(this.directory, 'lance') },
      modelDirectory: this.modelDirectory,
      embedding: { isRequired: false, threads: 1, maxTokens: 8_192, batchTokens: 2_048 },
      parsing: { timeoutMs: 20_000, memoryMb: 512 },
    }
    const running = await startRag(config, log, { ...FAST, ...timing })
    this.#started.push(running)
    return running
  }

  clients(port: number, caller = 'gateway'): RagClients {
    const options = {
      address: `127.0.0.1:${port}`,
      peer: 'rag',
      tls: this.certificates.identity(caller),
    }
    const documents = createRpcClient(DocumentDefinition, options)
    const knowledge = createRpcClient(KnowledgeDefinition, options)
    const search = createRpcClient(SearchDefinition, options)
    const clients = {
      documents,
      knowledge,
      search,
      [Symbol.dispose]: () => {
        for (const client of [documents, knowledge, search]) client[Symbol.dispose]()
      },
    }
    this.#started.push(clients)
    return clients
  }

  /** What a call by someone of this organisation carries. */
  async as(organizationId: string, role: Role = 'admin', audience = 'rag'): Promise<CallContext> {
    const tenant: TenantContext = {
      organizationId,
      userId: randomUUID(),
      userRole: role,
      kind: 'user',
      via: 'jwt',
    }
    return { tenantToken: await this.keys.sign(tenant, audience) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#started.reverse()) {
      if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]()
      else part[Symbol.dispose]()
    }
    await this.postgres[Symbol.asyncDispose]()
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** A search without filters, but for what is given. */
export const searchFor = (fields: Partial<SearchAllRequest>): SearchAllRequest => ({
  query: '',
  limit: 0,
  documentIds: [],
  languages: [],
  datedFrom: undefined,
  datedBefore: undefined,
  organizationLimit: 0,
  sharedLimit: 0,
  documentLimit: 0,
  ...fields,
})

export interface FileToSend {
  readonly id?: string
  readonly name?: string
  readonly mediaType?: string
  readonly bytes: Uint8Array | string
  readonly replaces?: string
  readonly language?: string
  readonly datedAt?: Date
  readonly source?: string
}

function described({ replaces = '', language = '', datedAt, source = '' }: FileToSend) {
  return { replaces, language, datedAt, source }
}

/** The messages of an upload, in pieces of 64 KiB. */
export async function* upload(file: FileToSend): AsyncGenerator<IngestDocumentRequest> {
  const { id = uuidv7(), name = 'notes.md', mediaType = '' } = file
  yield {
    part: {
      $case: 'header',
      value: { id, name, mediaType, ...described(file) },
    },
  }
  const bytes = Buffer.from(file.bytes as Uint8Array)
  for (let from = 0; from < bytes.length; from += 65_536) {
    yield { part: { $case: 'data', value: bytes.subarray(from, from + 65_536) } }
  }
}

/** Waits until a document is ready or failed. */
export async function settled(
  { documents }: RagClients,
  id: string,
  context: CallContext,
): Promise<Document> {
  for (;;) {
    const { document } = await documents.getDocument({ id }, context)
    if (!document) throw new Error('no document in the answer')
    if (document.state === DocumentState.READY || document.state === DocumentState.FAILED) {
      return document
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Sends a file and waits until it is ready or failed. */
export async function store(
  clients: RagClients,
  context: CallContext,
  file: FileToSend,
): Promise<Document> {
  const { document } = await clients.documents.ingestDocument(upload(file), context)
  if (!document) throw new Error('no document in the answer')
  return settled(clients, document.id, context)
}
