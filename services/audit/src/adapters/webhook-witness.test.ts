import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkpointNote } from '../../test/memory-checkpoints.js'
import { createWebhookWitness } from './webhook-witness.js'

const log = {
  organizationId: '0199c1d2-0000-7000-8000-000000000001',
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
}
const checkpoint = { log, size: 12n, note: checkpointNote(log, 12n) }

let server: Server
let url: string
let handle: (request: IncomingMessage, response: ServerResponse) => void
let taken: { request: IncomingMessage; body: string }[]
const folder = mkdtempSync(join(tmpdir(), 'lexcustis-webhook-'))

beforeEach(async () => {
  taken = []
  handle = (_, response) => response.writeHead(204).end()
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      taken.push({ request, body: Buffer.concat(chunks).toString('utf8') })
      handle(request, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/checkpoints?x=1`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('is given the note byte for byte, with its origin and size', async () => {
  await createWebhookWitness({ url }).push(checkpoint)
  const [{ request, body }] = taken as [(typeof taken)[0]]
  expect(body).toBe(checkpoint.note)
  expect([request.method, request.url]).toEqual(['POST', '/checkpoints?x=1'])
  expect(request.headers).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'lexcustis-log-origin': `example.com/${log.organizationId}/${log.incarnation}`,
    'lexcustis-tree-size': '12',
  })
  expect(request.headers.authorization).toBeUndefined()
})

test('says its token, and the new one after it was replaced', async () => {
  const tokenFile = join(folder, 'token')
  const witness = createWebhookWitness({ url, tokenFile })
  for (const token of ['first', 'second']) {
    writeFileSync(tokenFile, `${token}\n`)
    await witness.push(checkpoint)
  }
  expect(taken.map(({ request }) => request.headers.authorization)).toEqual([
    'Bearer first',
    'Bearer second',
  ])
  rmSync(tokenFile)
  await expect(witness.push(checkpoint)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  expect(taken).toHaveLength(2)
})

test.each([301, 302, 307, 308, 400, 401, 404, 409, 500, 503])(
  '%s is no receipt',
  async (status) => {
    handle = (_, response) => response.writeHead(status, { location: `${url}&again` }).end('secret')
    await expect(createWebhookWitness({ url }).push(checkpoint)).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: `the witness answered ${status}`,
    })
    expect(taken).toHaveLength(1)
  },
)

test('silence and an answer without end end after the timeout', async () => {
  const witness = createWebhookWitness({ url, timeoutMs: 50 })
  handle = () => undefined
  await expect(witness.push(checkpoint)).rejects.toMatchObject({ reason: 'TIMEOUT' })
  handle = (_, response) => response.writeHead(200).write('…')
  await expect(witness.push(checkpoint)).rejects.toMatchObject({ reason: 'TIMEOUT' })
})

test('an answer without bound is not read', async () => {
  handle = (_, response) => response.writeHead(200).end(Buffer.alloc(10_000_000))
  await expect(createWebhookWitness({ url }).push(checkpoint)).rejects.toMatchObject({
    reason: 'UNAVAILABLE',
    message: 'the witness answered too much',
  })
})

test('nobody there is UNAVAILABLE', async () => {
  const nobody = createWebhookWitness({ url: 'http://127.0.0.1:1/' })
  await expect(nobody.push(checkpoint)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
})
