import { AppError, type TenantContext, uuidv7 } from '@lexcustis/core'
import {
  AuditReaderDefinition,
  AuditWriterDefinition,
  type AppendRequest,
} from '@lexcustis/proto/audit'
import { createTestCertificates, createTestTenantKeys } from '@lexcustis/testing'
import { connect } from 'node:http2'
import { type CryptoKey, generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createRpcClient,
  createTenantTokenVerifier,
  deadlineIn,
  type Handlers,
  type RpcClient,
  type RpcServer,
  type RpcServerOptions,
  service,
  startRpcServer,
  unimplemented,
} from '../src/index.js'

type Writer = Handlers<typeof AuditWriterDefinition>
type Reader = Handlers<typeof AuditReaderDefinition>

const WRITER = 'lexcustis.audit.v1.AuditWriterService'
const READER = 'lexcustis.audit.v1.AuditReaderService'
const request: AppendRequest = {
  id: '',
  type: 'x',
  occurredAt: '',
  ref: '',
  trace: '',
  attrsJson: '{}',
  content: [],
}
const tenant: TenantContext = {
  organizationId: uuidv7(),
  userId: uuidv7(),
  userRole: 'member',
  kind: 'user',
  via: 'jwt',
}

let certificates: Awaited<ReturnType<typeof createTestCertificates>>
let strangers: Awaited<ReturnType<typeof createTestCertificates>>
let keys: Awaited<ReturnType<typeof createTestTenantKeys>>

/** What the next calls do; each test sets what it needs. */
let append: Writer['append']
let verifyChain: Reader['verifyChain']

const later = () => unimplemented('this')
const servers: RpcServer[] = []

async function start(options: Partial<RpcServerOptions> = {}): Promise<RpcServer> {
  const writer: Writer = { append: async (...args) => append(...args) }
  const reader: Reader = {
    getEntry: later,
    listEntries: later,
    getCheckpoint: later,
    getInclusionProof: later,
    getConsistencyProof: later,
    getKeys: later,
    getDeploymentKeys: later,
    verifyChain: (...args) => verifyChain(...args),
  }
  const server = await startRpcServer({
    host: '127.0.0.1',
    port: 0,
    tls: certificates.identity('audit'),
    allow: { [WRITER]: ['gateway'], [READER]: ['gateway'] },
    verify: createTenantTokenVerifier(keys.jwks, 'audit'),
    services: [service(AuditWriterDefinition, writer), service(AuditReaderDefinition, reader)],
    ...options,
  })
  servers.push(server)
  return server
}

function writerOf(
  server: RpcServer,
  name = 'gateway',
  from = certificates,
  repeatable: string[] = [],
): RpcClient<typeof AuditWriterDefinition> {
  const tls = { ...from.identity(name), ca: certificates.ca }
  return createRpcClient(AuditWriterDefinition, {
    address: `127.0.0.1:${server.port}`,
    peer: 'audit',
    tls,
    repeatable,
  })
}

function readerOf(server: RpcServer): RpcClient<typeof AuditReaderDefinition> {
  const tls = certificates.identity('gateway')
  return createRpcClient(AuditReaderDefinition, {
    address: `127.0.0.1:${server.port}`,
    peer: 'audit',
    tls,
  })
}

const reasonOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    (error: unknown) => (error instanceof AppError ? error.reason : String(error)),
  )

let server: RpcServer
let writer: RpcClient<typeof AuditWriterDefinition>
const context = (extra = {}) => ({ deadline: deadlineIn(5_000), ...extra })

beforeAll(async () => {
  certificates = await createTestCertificates(['audit', 'gateway', 'rag'])
  strangers = await createTestCertificates(['gateway'])
  keys = await createTestTenantKeys()
  server = await start()
  writer = writerOf(server)
})
afterAll(async () => Promise.all(servers.map(async (running) => running.drain())))

describe('who may call', () => {
  test('the certificate on the list is served, and its name is the caller', async () => {
    let caller = ''
    append = async (_, call) => {
      caller = call.caller
      return { receipt: undefined, duplicate: true }
    }
    expect(await writer.append(request, context())).toMatchObject({ duplicate: true })
    expect(caller).toBe('gateway')
  })

  test('a valid certificate of another service is refused before the handler', async () => {
    let reached = false
    append = async () => {
      reached = true
      return { receipt: undefined, duplicate: false }
    }
    const error = await writerOf(server, 'rag')
      .append(request, context())
      .catch((e: unknown) => e as AppError)
    expect(error).toMatchObject({
      reason: 'FORBIDDEN',
      message: 'this caller may not use this service',
    })
    expect(reached).toBe(false)
  })

  test('a certificate of another authority is refused even with the right name', async () => {
    expect(await reasonOf(writerOf(server, 'gateway', strangers).append(request, context()))).toBe(
      'UNAVAILABLE',
    )
  })

  test('no certificate at all: the connection is refused before any request', async () => {
    const session = connect(`https://127.0.0.1:${server.port}`, {
      ca: certificates.ca,
      servername: 'audit',
    })
    const failed = await new Promise((resolve) => {
      session.on('error', resolve)
      session.on('close', () => resolve(undefined))
      const call = session.request({
        ':path': `/${WRITER}/Append`,
        ':method': 'POST',
        te: 'trailers',
      })
      call.on('error', resolve)
      call.on('response', () => resolve('answered'))
    })
    session.destroy()
    expect(failed).not.toBe('answered')
  })

  test('a server that is not who it should be gets no request', async () => {
    let reached = false
    append = async () => {
      reached = true
      return { receipt: undefined, duplicate: false }
    }
    const impostor = await start({ tls: certificates.identity('rag') })
    expect(await reasonOf(writerOf(impostor).append(request, context()))).toBe('UNAVAILABLE')
    expect(reached).toBe(false)
  })

  test('a list that misses a service, or names one that is not served, stops the start', async () => {
    await expect(start({ allow: { [WRITER]: ['gateway'] } })).rejects.toThrow(READER)
    await expect(start({ allow: { [WRITER]: [], [READER]: [], 'x.Y': [] } })).rejects.toThrow('x.Y')
  })
})

describe('on whose behalf', () => {
  const asks = async (token?: string): Promise<string> => {
    append = async (_, call) => {
      await call.tenant()
      return { receipt: undefined, duplicate: false }
    }
    return reasonOf(writer.append(request, context({ tenantToken: token })))
  }

  test('the signed token says who', async () => {
    let seen: unknown
    append = async (_, call) => {
      seen = await call.tenant()
      return { receipt: undefined, duplicate: false }
    }
    const tenantToken = await keys.sign(tenant, 'audit')
    await writer.append(request, context({ tenantToken }))
    expect(seen).toEqual(tenant)
  })

  test('no token, a token for another service, a broken one: refused alike', async () => {
    expect(await asks()).toBe('UNAUTHENTICATED')
    expect(await asks(await keys.sign(tenant, 'rag'))).toBe('UNAUTHENTICATED')
    const token = await keys.sign(tenant, 'audit')
    expect(await asks(token.replace(/.(?=.{40}$)/, (c) => (c === 'A' ? 'B' : 'A')))).toBe(
      'UNAUTHENTICATED',
    )
    expect(await asks('x')).toBe('UNAUTHENTICATED')
  })

  test('a token of another signer, an expired one, one without an organisation: refused', async () => {
    const claims = { org: tenant.organizationId, role: 'member' }
    const sign = async (key: CryptoKey, payload: object, from: number) =>
      new SignJWT({ ...payload })
        .setProtectedHeader({ alg: 'EdDSA' })
        .setIssuer('lexcustis-gateway')
        .setSubject('u')
        .setAudience('audit')
        .setIssuedAt(from)
        .setExpirationTime(from + 60)
        .sign(key)
    const now = Math.floor(Date.now() / 1000)
    const other = await generateKeyPair('EdDSA')
    expect(await asks(await sign(other.privateKey, claims, now))).toBe('UNAUTHENTICATED')
    const ours = (await importJWK(keys.privateJwk, 'EdDSA')) as CryptoKey
    expect(await asks(await sign(ours, claims, now))).toBe('OK')
    expect(await asks(await sign(ours, claims, now - 61))).toBe('UNAUTHENTICATED')
    expect(await asks(await sign(ours, { role: 'member' }, now))).toBe('UNAUTHENTICATED')
    expect(await asks(await sign(ours, { ...claims, role: 'root' }, now))).toBe('UNAUTHENTICATED')
    expect(await asks(await sign(ours, { ...claims, org: '../x' }, now))).toBe('UNAUTHENTICATED')
  })
})

describe('errors', () => {
  test('a named error arrives as thrown, with its retry hint', async () => {
    append = async () => {
      throw new AppError('UNAVAILABLE', 'the queue is full', { retryAfterMs: 250 })
    }
    await expect(writer.append(request, context())).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: 'the queue is full',
      retryAfterMs: 250,
    })
  })

  test('an unnamed error loses its text, a synchronous throw included', async () => {
    append = async () => {
      throw new Error('select * from secret')
    }
    await expect(writer.append(request, context())).rejects.toMatchObject({
      reason: 'INTERNAL',
      message: 'internal error',
    })
    append = () => {
      throw new TypeError('secret')
    }
    await expect(writer.append(request, context())).rejects.toMatchObject({
      message: 'internal error',
    })
  })

  test('a method of a later version says so', async () => {
    expect(await reasonOf(readerOf(server).getCheckpoint({}, context()))).toBe('UNIMPLEMENTED')
  })

  test('calls that may be repeated are, while the service is away; others are not', async () => {
    let calls = 0
    append = async () => {
      calls += 1
      if (calls < 3) throw new AppError('UNAVAILABLE', 'not yet')
      return { receipt: undefined, duplicate: false }
    }
    expect(await reasonOf(writer.append(request, context()))).toBe('UNAVAILABLE')
    expect(calls).toBe(1)
    calls = 0
    expect(
      await reasonOf(
        writerOf(server, 'gateway', certificates, ['append']).append(request, context()),
      ),
    ).toBe('OK')
    expect(calls).toBe(3)
  })
})

describe('time and cancellation', () => {
  test('the peer gets a little less time than we have', async () => {
    let deadline: Date | undefined
    append = async (_, call) => {
      deadline = call.deadline
      return { receipt: undefined, duplicate: false }
    }
    const ours = deadlineIn(3_000)
    await writer.append(request, { deadline: ours })
    expect(ours.getTime() - (deadline?.getTime() ?? 0)).toBeGreaterThan(0)
    expect(await reasonOf(writer.append(request, { deadline: deadlineIn(10) }))).toBe('TIMEOUT')
  })

  test('a deadline that passes is TIMEOUT here and an abort there', async () => {
    const aborted = new Promise<void>((resolve) => {
      append = async (_, call) =>
        new Promise((__, reject) => {
          call.signal.addEventListener('abort', () => {
            resolve()
            reject(AppError.from(call.signal.reason))
          })
        })
    })
    expect(await reasonOf(writer.append(request, { deadline: deadlineIn(150) }))).toBe('TIMEOUT')
    await aborted
  })

  test('aborting a unary call reaches the handler', async () => {
    const abort = new AbortController()
    const aborted = new Promise<void>((resolve) => {
      append = async (_, call) =>
        new Promise((__, reject) => {
          call.signal.addEventListener('abort', () => {
            resolve()
            reject(AppError.from(call.signal.reason))
          })
          abort.abort()
        })
    })
    expect(await reasonOf(writer.append(request, context({ signal: abort.signal })))).toBe(
      'CANCELLED',
    )
    await aborted
  })

  test('a reader that stops early stops the writer', async () => {
    let finished: (() => void) | undefined
    const done = new Promise<void>((resolve) => {
      finished = resolve
    })
    verifyChain = async function* (_, call) {
      try {
        for (let n = 0n; ; n += 1n) {
          if (call.signal.aborted) return
          yield { event: { $case: 'progress' as const, value: { checked: n, expected: 0n } } }
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      } finally {
        finished?.()
      }
    }
    let seen = 0
    for await (const _message of readerOf(server).verifyChain({}, context()))
      if (++seen === 3) break
    await done
  })

  test('a slow reader slows the writer', async () => {
    let produced = 0
    verifyChain = async function* () {
      for (let n = 0; n < 5_000; n++) {
        produced += 1
        yield {
          event: {
            $case: 'break' as const,
            value: { code: 'x', sequence: undefined, detail: 'y'.repeat(10_000) },
          },
        }
      }
    }
    const stream = readerOf(server).verifyChain({}, context())[Symbol.asyncIterator]()
    await stream.next()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(produced).toBeLessThan(1_000)
    await stream.return?.(undefined)
  })
})

describe('drain', () => {
  test('a running stream finishes, a new call is refused, and the server ends', async () => {
    const draining = await start({ drainMs: 5_000 })
    let release: (() => void) | undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    verifyChain = async function* () {
      yield { event: { $case: 'progress' as const, value: { checked: 1n, expected: 2n } } }
      await gate
      yield { event: { $case: 'progress' as const, value: { checked: 2n, expected: 2n } } }
    }
    const stream = readerOf(draining).verifyChain({}, context())[Symbol.asyncIterator]()
    await stream.next()
    const ended = draining.drain()
    expect(
      await reasonOf(writerOf(draining).append(request, { deadline: deadlineIn(500) })),
    ).not.toBe('OK')
    release?.()
    expect((await stream.next()).value).toMatchObject({ event: { value: { checked: 2n } } })
    expect((await stream.next()).done).toBe(true)
    await ended
  })

  test('a stream that does not finish is cut when the drain time is over', async () => {
    const draining = await start({ drainMs: 100 })
    verifyChain = async function* (_, call) {
      yield { event: { $case: 'progress' as const, value: { checked: 1n, expected: 2n } } }
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
    }
    const stream = readerOf(draining).verifyChain({}, context())[Symbol.asyncIterator]()
    await stream.next()
    await draining.drain()
    // Cut by the drain, not by its own deadline: without channelz, grpc-js forgets its sessions.
    expect(['UNAVAILABLE', 'CANCELLED']).toContain(await reasonOf(stream.next()))
  })
})
