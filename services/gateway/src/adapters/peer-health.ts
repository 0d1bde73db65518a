import { createRpcClient, deadlineIn, type TlsIdentity } from '@lexcustis/rpc'
import type { ReadinessCheck } from '@lexcustis/runtime'
import type { Audience } from '../domain/tenant-tokens.js'

const TIMEOUT_MS = 1_500
const SERVING = 1
const STATUS_FIELD = 0x08

/**
 * `grpc.health.v1.Health/Check`, spelled out: an empty request asks for the whole server, and the
 * answer is one enum in field 1.
 */
const HealthDefinition = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: (_request: Record<string, never>) => Buffer.alloc(0),
    requestDeserialize: (_bytes: Buffer) => ({}),
    responseSerialize: ({ status }: { status: number }) => Buffer.from([STATUS_FIELD, status]),
    responseDeserialize: (bytes: Buffer) => ({
      status: bytes[0] === STATUS_FIELD ? (bytes[1] ?? 0) : 0,
    }),
  },
} as const

/** What an absent service means for people; see the failure policy in docs/architecture.md. */
const CONSEQUENCES: Readonly<Record<Audience, string>> = {
  audit: 'chats are refused: nothing can be recorded',
  compliance: 'chats are refused: nothing can be checked',
  rag: 'answers come without sources, documents cannot be uploaded',
  llm: 'chats fail: no model can be reached',
}

export interface PeerHealth extends Disposable {
  readonly checks: readonly ReadinessCheck[]
}

/**
 * A peer that is away degrades the gateway and never makes it unready: with every replica out of the
 * load balancer, callers would get a bare 502 instead of the answer that says what is wrong.
 */
export function createPeerHealth(
  addresses: Readonly<Record<Audience, string>>,
  tls: TlsIdentity,
): PeerHealth {
  const peers = (Object.keys(CONSEQUENCES) as Audience[]).map((name) => ({
    name,
    client: createRpcClient(HealthDefinition, { address: addresses[name], peer: name, tls }),
  }))
  return {
    checks: peers.map(({ name, client }) => ({
      name,
      check: async () => {
        const isServing = await client.check({}, { deadline: deadlineIn(TIMEOUT_MS) }).then(
          ({ status }) => status === SERVING,
          () => false,
        )
        return isServing
          ? { status: 'ready' as const, detail: 'serving' }
          : { status: 'degraded' as const, detail: CONSEQUENCES[name] }
      },
    })),
    [Symbol.dispose]: () => {
      for (const { client } of peers) client[Symbol.dispose]()
    },
  }
}
