import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lexcustis/core'
import { DocumentDefinition, type IngestDocumentRequest } from '@lexcustis/proto/rag'
import { createTestCertificates, createTestTenantKeys } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createRpcClient,
  createTenantTokenVerifier,
  deadlineIn,
  type RpcClient,
  type RpcServer,
  service,
  startRpcServer,
  unimplemented,
} from '../src/index.js'

let server: RpcServer
let client: RpcClient<typeof DocumentDefinition>
/** How each stream ended at the server: the number of messages, or a reason. */
const ends: string[] = []

beforeAll(async () => {
  const certificates = await createTestCertificates(['rag', 'gateway'])
  const { jwks } = await createTestTenantKeys()
  const later = () => unimplemented('this')
  server = await startRpcServer({
    host: '127.0.0.1',
    port: 0,
    tls: certificates.identity('rag'),
    allow: { 'lexcustis.rag.v1.DocumentService': ['gateway'] },
    verify: createTenantTokenVerifier(jwks, 'rag'),
    services: [
      service(DocumentDefinition, {
        ingestDocument: async (requests) => {
          let count = 0
          try {
            for await (const _ of requests) count += 1
          } catch (error) {
            ends.push(AppError.from(error).reason)
            throw error
          }
          ends.push(String(count))
          return { document: undefined, existed: false }
        },
        listDocuments: later,
        getDocument: later,
        deleteDocument: later,
      }),
    ],
  })
  client = createRpcClient(DocumentDefinition, {
    address: `127.0.0.1:${server.port}`,
    peer: 'rag',
    tls: certificates.identity('gateway'),
  })
})
afterAll(async () => {
  client[Symbol.dispose]()
  await server.drain()
})

const piece: IngestDocumentRequest = { part: { $case: 'data', value: Buffer.alloc(40_000) } }

async function* pieces(count: number, then: () => Promise<void>) {
  for (let sent = 0; sent < count; sent += 1) yield piece
  await then()
}

describe('a stream of requests', () => {
  test('that the caller ends is whole', async () => {
    ends.length = 0
    await client.ingestDocument(
      pieces(30, async () => undefined),
      { deadline: deadlineIn(5_000) },
    )
    expect(ends).toEqual(['30'])
  })

  test('never looks whole when the caller fails in the middle of it', async () => {
    ends.length = 0
    const attempts = Array.from({ length: 50 }, async (_, index) =>
      client
        .ingestDocument(
          pieces(index % 5, async () => {
            await sleep(index % 7)
            throw new AppError('PAYLOAD_TOO_LARGE', 'stop')
          }),
          { deadline: deadlineIn(5_000) },
        )
        .catch((error: unknown) => AppError.from(error).reason),
    )
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['PAYLOAD_TOO_LARGE']))
    await sleep(200)
    expect(ends.filter((end) => end !== 'CANCELLED')).toEqual([])
  })

  test('never looks whole when the caller cancels or its time is over', async () => {
    ends.length = 0
    const abort = new AbortController()
    const forever = async () => sleep(2_000)
    const cancelled = client.ingestDocument(pieces(3, forever), { signal: abort.signal })
    const late = client.ingestDocument(pieces(3, forever), { deadline: deadlineIn(150) })
    setTimeout(() => abort.abort(), 100)
    const outcomes = await Promise.allSettled([cancelled, late])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await sleep(200)
    expect(ends).toEqual(['CANCELLED', 'CANCELLED'])
  })
})
