import { createHash } from 'node:crypto'
import { AppError, type TenantContext } from '@lexcustis/core'
import {
  type AppendRequest,
  AuditReaderDefinition,
  AuditWriterDefinition,
} from '@lexcustis/proto/audit'
import {
  Check,
  CheckDefinition,
  Decision,
  type PostCheckRequest,
  type PreCheckRequest,
} from '@lexcustis/proto/compliance'
import {
  ChatDefinition,
  FinishReason,
  ProviderDefinition,
  type StreamChatRequest,
} from '@lexcustis/proto/llm'
import { Collection, Retrieval, SearchDefinition } from '@lexcustis/proto/rag'
import {
  type BoundService,
  type Call,
  createTenantTokenSigner,
  createTenantTokenVerifier,
  type RpcServer,
  service,
  serviceNameOf,
  startRpcServer,
  unimplemented,
} from '@lexcustis/rpc'
import { createTestCertificates, createTestTenantKeys } from '@lexcustis/testing'
import { createPeers, type Peers } from '../../src/adapters/peers.js'
import type { Audience, TokenSource } from '../../src/domain/tenant-tokens.js'

type Name = Audience

/** What a peer saw of one call: the request, on whose behalf, and within which trace. */
export interface Seen<T> {
  readonly request: T
  readonly tenant: TenantContext
  readonly traceparent: string | undefined
}

/**
 * The four services of a chat as the gateway meets them: real gRPC, real mutual TLS, real tenant
 * tokens. Behind that they do what a test says.
 */
export class ChatPeers implements AsyncDisposable {
  readonly appended: Seen<AppendRequest>[] = []
  readonly preChecks: Seen<PreCheckRequest>[] = []
  readonly postChecks: Seen<PostCheckRequest>[] = []
  readonly asked: Seen<StreamChatRequest>[] = []
  readonly searched: string[] = []
  /** A stream that hung was cancelled by its caller. */
  cancelled = false
  deltas: readonly string[] = ['Within ', 'two days.']
  /** After its deltas the model waits to be cancelled. */
  hangs = false
  holdOutput = false
  #servers = new Map<Name, RpcServer>()

  private constructor(
    readonly peers: Peers,
    readonly tokens: TokenSource,
  ) {}

  static async start(): Promise<ChatPeers> {
    const certificates = await createTestCertificates([
      'gateway',
      'audit',
      'compliance',
      'rag',
      'llm',
    ])
    const keys = await createTestTenantKeys()
    const sign = await createTenantTokenSigner(keys.privateJwk)
    const addresses: Record<Name, string> = { audit: '', compliance: '', rag: '', llm: '' }
    const servers = new Map<Name, RpcServer>()
    const holder: { world?: ChatPeers } = {}
    const listen = async (name: Name, services: readonly BoundService[]) => {
      const server = await startRpcServer({
        host: '127.0.0.1',
        port: 0,
        tls: certificates.identity(name),
        allow: Object.fromEntries(
          services.map(({ definition }) => [serviceNameOf(definition), ['gateway']]),
        ),
        verify: createTenantTokenVerifier(keys.jwks, name),
        services,
        drainMs: 1,
      })
      addresses[name] = `127.0.0.1:${server.port}`
      servers.set(name, server)
    }
    const self = (): ChatPeers => {
      if (!holder.world) throw new Error('not started')
      return holder.world
    }
    await listen('audit', [writer(self), reader()])
    await listen('compliance', [checks(self)])
    await listen('rag', [search(self)])
    await listen('llm', [providers(), model(self)])
    const tokens: TokenSource = {
      for: async ({ organizationId = '', userId, role, kind, via }, audience) =>
        sign({ organizationId, userId, userRole: role, kind, via }, audience),
    }
    const world = new ChatPeers(createPeers(addresses, certificates.identity('gateway')), tokens)
    world.#servers = servers
    holder.world = world
    return world
  }

  /** Takes a service away, connections and all. */
  async kill(name: Name): Promise<void> {
    await this.#servers.get(name)?.drain()
  }

  typesOf(ref: string): string[] {
    return this.appended
      .filter(({ request }) => request.ref === ref)
      .map(({ request }) => request.type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.peers[Symbol.dispose]()
    await Promise.all([...this.#servers.values()].map(async (server) => server.drain()))
  }
}

async function seen<T>(request: T, call: Call): Promise<Seen<T>> {
  return { request, tenant: await call.tenant(), traceparent: call.traceparent }
}

function writer(world: () => ChatPeers): BoundService {
  return service(AuditWriterDefinition, {
    append: async (request, call) => {
      const { appended } = world()
      const record = await seen(request, call)
      const sequence = BigInt(appended.push(record) - 1)
      return {
        duplicate: false,
        receipt: {
          organizationId: record.tenant.organizationId,
          incarnation: record.tenant.organizationId,
          sequence,
          entryId: request.id,
          entryHash: createHash('sha256').update(request.id).digest(),
          recordedAt: '2026-11-23T10:15:30.223001Z',
          checkpointSize: sequence,
        },
      }
    },
  })
}

function reader(): BoundService {
  return service(AuditReaderDefinition, {
    getEntry: async () => {
      throw new AppError('NOT_FOUND', 'no such record here')
    },
    listEntries: async () => unimplemented('lists'),
    verifyChain: () => unimplemented('verification'),
    getCheckpoint: async () => unimplemented('checkpoints'),
    getInclusionProof: async () => unimplemented('proofs'),
    getConsistencyProof: async () => unimplemented('proofs'),
    getKeys: async () => unimplemented('keys'),
    getDeploymentKeys: async () => unimplemented('keys'),
  })
}

function checks(world: () => ChatPeers): BoundService {
  const email = (start: number) => ({
    check: Check.PII,
    type: 'email',
    rule: 'pii.email',
    messageIndex: 0,
    start,
    end: start + 5,
    scoreE4: 9_000,
  })
  return service(CheckDefinition, {
    preCheck: async (request, call) => {
      world().preChecks.push(await seen(request, call))
      return {
        decision: Decision.ALLOW,
        findings: [email(0), email(9)],
        reasons: [],
        injectionE4: 40,
        policyVersion: '7',
        holdOutput: world().holdOutput,
      }
    },
    postCheck: async (request, call) => {
      world().postChecks.push(await seen(request, call))
      return {
        decision: Decision.ALLOW,
        findings: [],
        reasons: [],
        confidenceE4: 9_000,
        groundingE4: 8_000,
        signalReasons: [],
        checksFailed: [],
      }
    },
    checkPassages: async () => ({ verdicts: [] }),
    guardStream: () => unimplemented('the guard'),
  })
}

function search(world: () => ChatPeers): BoundService {
  return service(SearchDefinition, {
    searchAll: async ({ query }, call) => {
      await call.tenant()
      world().searched.push(query)
      const passage = {
        documentId: '0190b5a0-0000-7000-8000-00000000d0c1',
        chunkId: 'c-1',
        version: 2,
        title: 'AI Act',
        headingPath: ['Chapter IX', 'Article 73'],
        text: 'Not later than two days.',
        start: 0,
        end: 24,
        scoreE4: 10_000,
        collection: Collection.SHARED,
        page: 0,
        language: 'en',
        explanation: undefined,
      }
      return { passages: [passage], retrieval: Retrieval.HYBRID, degraded: false }
    },
  })
}

function providers(): BoundService {
  return service(ProviderDefinition, {
    getOrgProvider: async (_request, call) => {
      await call.tenant()
      const resolved = {
        provider: 'mistral',
        model: 'small',
        region: 'eu',
        models: ['small'],
        fallbacks: [],
      }
      return { chosen: false, resolved, baseUrl: '', hasApiKey: false, allowedRegions: [] }
    },
    listProviders: async () => unimplemented('lists'),
    setOrgProvider: async () => unimplemented('choices'),
    checkProvider: async () => unimplemented('checks'),
    getManifest: async () => unimplemented('the manifest'),
  })
}

function model(world: () => ChatPeers): BoundService {
  return service(ChatDefinition, {
    streamChat: async function* (request, call) {
      const here = world()
      here.asked.push(await seen(request, call))
      for (const text of here.deltas) yield { event: { $case: 'delta' as const, value: text } }
      if (here.hangs) {
        await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
        here.cancelled = true
        throw new AppError('CANCELLED', 'the caller went away')
      }
      const usage = { tokensIn: 9, tokensOut: 4, estimated: true, currency: '' }
      yield { event: { $case: 'usage' as const, value: usage } }
      const finished = {
        reason: FinishReason.LENGTH,
        modelSnapshot: 'small-2611',
        provider: 'mistral',
        model: 'small',
        region: 'eu',
      }
      yield { event: { $case: 'finished' as const, value: finished } }
    },
  })
}
