import {
  AuditContentDefinition,
  AuditErasureDefinition,
  AuditExportDefinition,
  AuditOversightDefinition,
  AuditReaderDefinition,
  AuditRetentionDefinition,
  AuditWriterDefinition,
} from '@lexcustis/proto/audit'
import {
  CheckDefinition,
  DossierDefinition,
  IncidentDefinition,
  PolicyDefinition,
} from '@lexcustis/proto/compliance'
import { ChatDefinition, ProviderDefinition } from '@lexcustis/proto/llm'
import { DocumentDefinition, KnowledgeDefinition, SearchDefinition } from '@lexcustis/proto/rag'
import {
  type CallContext,
  createRpcClient,
  deadlineIn,
  type Definition,
  type RpcClient,
  type TlsIdentity,
} from '@lexcustis/rpc'
import type { Principal } from '../domain/principal.js'
import type { Audience, TokenSource } from '../domain/tenant-tokens.js'

/** Where the four services listen: `host:port`, or `dns:///name:port` to balance over replicas. */
export type PeerAddresses = Readonly<Record<Audience, string>>

/** Every gRPC service the gateway may call, as plain methods. */
export interface Peers extends Disposable {
  readonly audit: {
    readonly writer: RpcClient<typeof AuditWriterDefinition>
    readonly reader: RpcClient<typeof AuditReaderDefinition>
    readonly content: RpcClient<typeof AuditContentDefinition>
    readonly oversight: RpcClient<typeof AuditOversightDefinition>
    readonly exports: RpcClient<typeof AuditExportDefinition>
    readonly erasure: RpcClient<typeof AuditErasureDefinition>
    readonly retention: RpcClient<typeof AuditRetentionDefinition>
  }
  readonly compliance: {
    readonly checks: RpcClient<typeof CheckDefinition>
    readonly incidents: RpcClient<typeof IncidentDefinition>
    readonly dossier: RpcClient<typeof DossierDefinition>
    readonly policy: RpcClient<typeof PolicyDefinition>
  }
  readonly rag: {
    readonly search: RpcClient<typeof SearchDefinition>
    readonly documents: RpcClient<typeof DocumentDefinition>
    readonly knowledge: RpcClient<typeof KnowledgeDefinition>
  }
  readonly llm: {
    readonly chat: RpcClient<typeof ChatDefinition>
    readonly providers: RpcClient<typeof ProviderDefinition>
  }
}

/** Connects lazily: a service that is away is noticed by the first call, not here. */
export function createPeers(addresses: PeerAddresses, tls: TlsIdentity): Peers {
  const clients: Disposable[] = []
  const connect = <D extends Definition>(
    peer: Audience,
    definition: D,
    repeatable: readonly (keyof D & string)[] = [],
  ): RpcClient<D> => {
    const client = createRpcClient(definition, { address: addresses[peer], peer, tls, repeatable })
    clients.push(client)
    return client
  }
  return {
    audit: {
      // Append is a write, but its id makes the second one the first one.
      writer: connect('audit', AuditWriterDefinition, ['append']),
      reader: connect('audit', AuditReaderDefinition, [
        'getEntry',
        'listEntries',
        'getCheckpoint',
        'getInclusionProof',
        'getConsistencyProof',
        'getKeys',
        'getDeploymentKeys',
      ]),
      content: connect('audit', AuditContentDefinition),
      oversight: connect('audit', AuditOversightDefinition, ['recordDecision', 'listPending']),
      exports: connect('audit', AuditExportDefinition),
      erasure: connect('audit', AuditErasureDefinition, ['approveErasure', 'eraseSubject']),
      retention: connect('audit', AuditRetentionDefinition, ['getPolicy', 'setPolicy']),
    },
    compliance: {
      checks: connect('compliance', CheckDefinition, ['preCheck', 'postCheck']),
      incidents: connect('compliance', IncidentDefinition, ['getIncident', 'listIncidents']),
      dossier: connect('compliance', DossierDefinition),
      policy: connect('compliance', PolicyDefinition, ['getPolicy']),
    },
    rag: {
      search: connect('rag', SearchDefinition, ['searchAll']),
      documents: connect('rag', DocumentDefinition, ['listDocuments', 'getDocument']),
      knowledge: connect('rag', KnowledgeDefinition, ['listShared']),
    },
    llm: {
      chat: connect('llm', ChatDefinition),
      providers: connect('llm', ProviderDefinition, [
        'listProviders',
        'getOrgProvider',
        'checkProvider',
        'getManifest',
      ]),
    },
    [Symbol.dispose]: () => {
      for (const client of clients) client[Symbol.dispose]()
    },
  }
}

/** What one call needs besides its request. */
export interface CallOptions {
  readonly timeoutMs?: number
  readonly deadline?: Date
  readonly signal?: AbortSignal | undefined
  readonly traceparent?: string | undefined
}

/** The context of one call: a fresh enough token of the principal for that service, and a deadline. */
export async function callContext(
  tokens: TokenSource,
  principal: Principal,
  audience: Audience,
  options: CallOptions,
): Promise<CallContext> {
  const { timeoutMs, signal, traceparent } = options
  const tenantToken = await tokens.for(principal, audience)
  const deadline = options.deadline ?? (timeoutMs === undefined ? undefined : deadlineIn(timeoutMs))
  return { tenantToken, deadline, signal, traceparent }
}
