import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AppError, type TenantContext, uuidv7 } from '@lexcustis/core'
import {
  AuditContentDefinition,
  AuditErasureDefinition,
  AuditExportDefinition,
  AuditReaderDefinition,
  AuditWriterDefinition,
  CommittedField,
  ContentState,
  type EraseSubjectRequest,
  type ExportPeriodRequest,
  type ExportPeriodResponse,
  type Record as Sealed,
} from '@lexcustis/proto/audit'
import { Check, type CheckPolicy, Mode, PolicyDefinition } from '@lexcustis/proto/compliance'
import {
  type GetOrgProviderResponse,
  ProviderDefinition,
  type SetOrgProviderRequest,
} from '@lexcustis/proto/llm'
import {
  type Document,
  DocumentDefinition,
  DocumentState,
  type IngestDocumentRequest,
  type IngestHeader,
  KnowledgeDefinition,
} from '@lexcustis/proto/rag'
import {
  type BoundService,
  type Call,
  createTenantTokenVerifier,
  type RpcServer,
  service,
  serviceNameOf,
  startRpcServer,
} from '@lexcustis/rpc'
import type { createTestTenantKeys, TestCertificates } from '@lexcustis/testing'
import { z } from 'zod'
import { type RetentionCalls, retentionNeighbour } from './retention-neighbour.js'

type TenantKeys = Awaited<ReturnType<typeof createTestTenantKeys>>

/** An append as the audit service saw it, with the identity of its token. */
export interface Appended {
  readonly id: string
  readonly type: string
  readonly ref: string
  readonly attrs: Record<string, unknown>
  readonly tenant: TenantContext
}

export interface Held {
  readonly document: Document
  readonly bytes: Buffer
  readonly organizationId: string
}

/**
 * The four services as they look from the gateway: real gRPC over mutual TLS with real tenant tokens,
 * and memory behind it. What they do inside is tested where they live.
 */
export class Neighbours implements AsyncDisposable {
  readonly records: Appended[] = []
  readonly documents: Held[] = []
  readonly shared: Held[] = []
  readonly providers = new Map<string, GetOrgProviderResponse>()
  readonly providerRequests: SetOrgProviderRequest[] = []
  readonly policies = new Map<string, CheckPolicy[]>()
  /** Set to make the next calls fail. */
  failAppend: AppError | undefined
  failIngest: AppError | undefined
  failSettings: AppError | undefined
  failErasure: AppError | undefined
  /** What the next exports stream. */
  exportOf: (request: ExportPeriodRequest, call: Call) => AsyncIterable<ExportPeriodResponse> =
    async function* () {
      yield { member: 'manifest.json', data: Buffer.from('{}') }
    }
  /** Questions for the keys of the deployment. */
  deploymentKeyCalls = 0
  readonly erasures: { request: EraseSubjectRequest; tenant: TenantContext }[] = []
  readonly retention: RetentionCalls = { policies: new Map(), runs: [] }
  /** Runs while an append is being answered, to look at the world at that moment. */
  onAppend: (record: Appended) => Promise<void> = async () => undefined
  readonly #servers = new Map<string, RpcServer>()

  constructor(
    private readonly certificates: TestCertificates,
    private readonly keys: TenantKeys,
  ) {}

  async start(): Promise<Record<'audit' | 'compliance' | 'rag' | 'llm', string>> {
    return {
      audit: await this.#listen('audit', [
        this.#writer(),
        this.#reader(),
        this.#content(),
        this.#erasure(),
        retentionNeighbour(this.retention),
        service(AuditExportDefinition, {
          exportPeriod: (request, call) => this.exportOf(request, call),
        }),
      ]),
      compliance: await this.#listen('compliance', [this.#policy()]),
      rag: await this.#listen('rag', [this.#documentService(), this.#knowledge()]),
      llm: await this.#listen('llm', [this.#providerService()]),
    }
  }

  typesOf(organizationId: string): string[] {
    return this.#of(organizationId).map(({ type }) => type)
  }

  last(type: string): Appended | undefined {
    return this.records.findLast((record) => record.type === type)
  }

  setServing(name: string, isServing: boolean): void {
    this.#servers.get(name)?.setServing(isServing)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map(async (server) => server.drain()))
  }

  #of(organizationId: string): Appended[] {
    return this.records.filter(({ tenant }) => tenant.organizationId === organizationId)
  }

  async #listen(name: string, services: readonly BoundService[]): Promise<string> {
    const server = await startRpcServer({
      host: '127.0.0.1',
      port: 0,
      tls: this.certificates.identity(name),
      allow: Object.fromEntries(
        services.map(({ definition }) => [serviceNameOf(definition), ['gateway']]),
      ),
      verify: createTenantTokenVerifier(this.keys.jwks, name),
      services,
      drainMs: 200,
    })
    server.setServing(true)
    this.#servers.set(name, server)
    return `127.0.0.1:${server.port}`
  }

  #writer(): BoundService {
    return service(AuditWriterDefinition, {
      append: async ({ id, type, ref, attrsJson }, call) => {
        const tenant = await call.tenant()
        if (this.failAppend) throw this.failAppend
        const attrs = schemaOf(type).parse(JSON.parse(attrsJson)) as Record<string, unknown>
        const record = { id, type, ref, attrs, tenant }
        await this.onAppend(record)
        this.records.push(record)
        const sequence = BigInt(this.#of(tenant.organizationId).length - 1)
        return {
          duplicate: false,
          receipt: {
            organizationId: tenant.organizationId,
            incarnation: tenant.organizationId,
            sequence,
            entryId: id,
            entryHash: Buffer.alloc(32),
            recordedAt: '2026-11-23T10:15:30.223001Z',
            checkpointSize: 0n,
          },
        }
      },
    })
  }

  #sealed(organizationId: string): Sealed[] {
    return this.#of(organizationId).map((record, index) => ({
      sequence: BigInt(index),
      id: record.id,
      incarnation: organizationId,
      canonical: Buffer.from(JSON.stringify({ type: record.type, seq: String(index) })),
      leaf: createHash('sha256').update(record.id).digest(),
      mac: Buffer.alloc(32, 7),
    }))
  }

  #reader(): BoundService {
    return service(AuditReaderDefinition, {
      getEntry: async ({ key }, call) => {
        const { organizationId } = await call.tenant()
        const record = this.#sealed(organizationId).find(({ id }) => id === key?.value)
        if (!record) throw new AppError('NOT_FOUND', 'no such record here')
        return { record }
      },
      listEntries: async ({ limit, cursor }, call) => {
        const { organizationId } = await call.tenant()
        const from = Number(cursor || 0)
        const all = this.#sealed(organizationId)
        const more = from + limit < all.length
        return {
          records: all.slice(from, from + limit),
          nextCursor: more ? String(from + limit) : '',
        }
      },
      verifyChain: (_request, call) => this.#verify(call),
      getCheckpoint: async (_request, call) => {
        const { organizationId } = await call.tenant()
        return { note: `a checkpoint of ${organizationId}\n`, divergence: undefined }
      },
      getInclusionProof: async ({ sequence, size }) => ({
        size: size || 4n,
        hashes: [Buffer.alloc(32, Number(sequence))],
      }),
      getConsistencyProof: async ({ from, to }) => ({
        size: to || 4n,
        hashes: [Buffer.alloc(32, Number(from))],
      }),
      getKeys: async (_request, call) => ({ vkeys: [(await call.tenant()).organizationId] }),
      getDeploymentKeys: async () => {
        this.deploymentKeyCalls += 1
        const announcedAt = '2026-11-23T10:15:30.123456Z'
        return {
          origin: 'test.local',
          keys: [
            { publicKey: Buffer.alloc(32, 1), announcedAt, retiredAt: announcedAt },
            { publicKey: Buffer.alloc(32, 2), announcedAt, retiredAt: '' },
          ],
        }
      },
    })
  }

  async *#verify(call: Call) {
    const { organizationId } = await call.tenant()
    const expected = BigInt(this.#of(organizationId).length)
    yield { event: { $case: 'progress' as const, value: { checked: expected, expected } } }
    const detail = 'mac differs'
    yield { event: { $case: 'break' as const, value: { code: 'mac', sequence: 1n, detail } } }
    const result = { valid: false, checked: expected, expected, open: 0n, breaks: 1n }
    yield { event: { $case: 'result' as const, value: result } }
  }

  #content(): BoundService {
    return service(AuditContentDefinition, {
      getContent: async ({ id }, call) => {
        const { organizationId } = await call.tenant()
        if (!this.#of(organizationId).some((record) => record.id === id)) {
          throw new AppError('NOT_FOUND', 'nothing')
        }
        const present = { state: ContentState.PRESENT, value: 'why?', erasedBy: '' }
        const erased = { state: ContentState.ERASED, value: '', erasedBy: id, erasedBySequence: 7n }
        return {
          items: [
            { field: CommittedField.PROMPT, ...present },
            { field: CommittedField.RESPONSE, ...erased },
          ],
        }
      },
    })
  }

  #erasure(): BoundService {
    const receiptOf = (organizationId: string, entryId: string) => ({
      organizationId,
      incarnation: organizationId,
      sequence: 41n,
      entryId,
      entryHash: Buffer.alloc(32, 9),
      recordedAt: '2026-11-23T10:15:30.123456Z',
      checkpointSize: 40n,
    })
    return service(AuditErasureDefinition, {
      approveErasure: async (request, call) => {
        const tenant = await call.tenant()
        const { id, subjectId, rationale } = request
        const attrs = { subjectId, rationale }
        this.records.push({ id, type: 'oversight.decided', ref: '', attrs, tenant })
        return { receipt: receiptOf(tenant.organizationId, id) }
      },
      eraseSubject: async (request, call) => {
        const tenant = await call.tenant()
        if (this.failErasure) throw this.failErasure
        this.erasures.push({ request, tenant })
        const receipt = request.dryRun ? undefined : receiptOf(tenant.organizationId, request.id)
        return {
          receipt,
          receipts: receipt ? [receipt] : [],
          erasedRecords: 2n,
          erasedFields: 3n,
          dryRun: request.dryRun,
          heldBy: request.dryRun ? ['i-1'] : [],
          documents: ['d1'],
          copies: [{ incarnation: 'inc', sequence: 9n, recordedAt: '2026-11-23T10:15:30.123456Z' }],
          completeAfter: request.dryRun ? '' : '2026-12-28T10:15:30.123456Z',
        }
      },
    })
  }

  #policy(): BoundService {
    const standard = [Check.PII, Check.INJECTION, Check.BIAS, Check.GROUNDING].map((check) => ({
      check,
      mode: Mode.MONITOR,
    }))
    const of = (organizationId: string) => ({
      policy: { version: 'v', checks: this.policies.get(organizationId) ?? standard },
    })
    return service(PolicyDefinition, {
      getPolicy: async (_request, call) => of((await call.tenant()).organizationId),
      setPolicy: async ({ checks }, call) => {
        const { organizationId } = await call.tenant()
        if (this.failSettings) throw this.failSettings
        this.policies.set(organizationId, checks)
        return of(organizationId)
      },
    })
  }

  #providerService(): BoundService {
    const standard: GetOrgProviderResponse = {
      chosen: false,
      baseUrl: '',
      hasApiKey: false,
      allowedRegions: [],
      resolved: {
        provider: 'extractive',
        model: 'quotes',
        region: 'local',
        models: ['quotes'],
        fallbacks: [],
      },
    }
    return service(ProviderDefinition, {
      listProviders: async () => ({
        kinds: [
          { name: 'extractive', needsBaseUrl: false, needsApiKey: false },
          { name: 'openai-compatible', needsBaseUrl: true, needsApiKey: false },
        ],
      }),
      getOrgProvider: async (_request, call) =>
        this.providers.get((await call.tenant()).organizationId) ?? standard,
      setOrgProvider: async (request, call) => {
        const { organizationId } = await call.tenant()
        if (this.failSettings) throw this.failSettings
        this.providerRequests.push(request)
        const { provider, model, baseUrl, apiKey, region } = request
        const fallbacks = request.fallbacks.map(({ apiKey: key, ...fallback }) => ({
          ...fallback,
          hasApiKey: Boolean(key),
        }))
        const resolved = { provider, model, region, models: [model], fallbacks }
        const { allowedRegions, temperatureE4, maxTokens } = request
        const own = { allowedRegions, temperatureE4, maxTokens }
        const chosen = { chosen: true, baseUrl, hasApiKey: Boolean(apiKey), resolved, ...own }
        if (provider) this.providers.set(organizationId, chosen)
        else this.providers.delete(organizationId)
        return { resolved }
      },
      checkProvider: async () => ({ ok: true, detail: '' }),
      getManifest: async () => ({ entries: [] }),
    })
  }

  async #ingest(
    into: Held[],
    requests: AsyncIterable<Pick<IngestDocumentRequest, 'part'>>,
    call: Call,
  ) {
    const { organizationId } = await call.tenant()
    const chunks: Buffer[] = []
    let header: IngestHeader | undefined
    for await (const { part } of requests) {
      if (part?.$case === 'header') header = part.value
      if (part?.$case === 'data') chunks.push(part.value)
    }
    if (this.failIngest) throw this.failIngest
    if (!header) throw new AppError('INVALID_INPUT', 'no header came')
    const bytes = Buffer.concat(chunks)
    const same = into.find((held) => held.bytes.equals(bytes) && held.document.name === header.name)
    if (same && into === this.shared) return { document: same.document, existed: true }
    const document: Document = {
      ...header,
      sizeBytes: BigInt(bytes.length),
      state: DocumentState.QUEUED,
      reason: '',
      chunkCount: 0,
      createdAt: new Date(),
      sha256: createHash('sha256').update(bytes).digest(),
      version: 1,
      replacedBy: '',
      progressE4: 0,
    }
    into.push({ document, bytes, organizationId })
    return { document, existed: false }
  }

  #documentService(): BoundService {
    const find = async (id: string, call: Call): Promise<Held> => {
      const { organizationId } = await call.tenant()
      const found = this.documents.find(
        (held) => held.document.id === id && held.organizationId === organizationId,
      )
      if (!found) throw new AppError('NOT_FOUND', `no document ${id}`)
      return found
    }
    return service(DocumentDefinition, {
      ingestDocument: async (requests, call) => this.#ingest(this.documents, requests, call),
      listDocuments: async (_request, call) => {
        const { organizationId } = await call.tenant()
        const own = this.documents.filter((held) => held.organizationId === organizationId)
        return { documents: own.map(({ document }) => document), nextCursor: '' }
      },
      getDocument: async ({ id }, call) => ({ document: (await find(id, call)).document }),
      deleteDocument: async ({ id }, call) => {
        this.documents.splice(this.documents.indexOf(await find(id, call)), 1)
        return { deletedChunks: 0 }
      },
    })
  }

  #knowledge(): BoundService {
    return service(KnowledgeDefinition, {
      importShared: async (requests, call) => {
        const { userRole } = await call.tenant()
        if (userRole !== 'operator') throw new AppError('FORBIDDEN', 'operators only')
        return this.#ingest(this.shared, requests, call)
      },
      deleteShared: async ({ id }) => {
        const at = this.shared.findIndex(({ document }) => document.id === id)
        if (at < 0) throw new AppError('NOT_FOUND', `no document ${id}`)
        this.shared.splice(at, 1)
        return { deletedChunks: 0 }
      },
      listShared: async () => ({
        documents: this.shared.map(({ document }) => document),
        nextCursor: '',
      }),
    })
  }
}

const SCHEMAS = new URL('../../../packages/evidence/schemas/', import.meta.url)

/** The closed schema of a type of record, as the audit service checks it. */
function schemaOf(type: string): z.ZodType {
  const text = readFileSync(new URL(`${type}.json`, SCHEMAS), 'utf8')
  return z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0])
}

/** An id that nothing has. */
export const UNKNOWN_ID = uuidv7()
