import type { AddressInfo } from 'node:net'
import { request, Agent } from 'node:http'
import { systemClock } from '@lexcustis/core'
import { createLogger, createMetrics } from '@lexcustis/runtime'
import { test } from 'vitest'
import { buildApp } from '../src/app.js'
import { chatRoutes } from '../src/routes/chat.js'
import { createTokenSource } from '../src/adapters/rpc-token-source.js'
import { PRINCIPAL } from './chat/fakes.js'
import { ChatPeers } from './chat/peers.js'

test('bench', async () => {
  const world = await ChatPeers.start()
  world.deltas = Array.from({ length: 50 }, (_, i) => `w${i} `)
  const limit = { limit: 1_000_000, windowSeconds: 60 }
  const cache = new Map<string, Promise<string>>()
  const tokens = {
    for: (p: any, a: any) => {
      if (!cache.has(a)) cache.set(a, world.tokens.for(p, a))
      return cache.get(a)!
    },
  }
  void createTokenSource
  const app = await buildApp(
    {
      authenticator: { authenticate: async () => PRINCIPAL },
      limiter: { hit: async () => ({ allowed: true, remaining: 1, resetMs: 1000 }) },
      userLimit: { name: 'user', ...limit },
      ipLimit: { name: 'ip', ...limit },
      events: { requestFailed: () => undefined },
      trustedProxies: [],
    },
    {
      peers: world.peers,
      tokens,
      admission: { admit: async () => ({ release: async () => undefined }) },
      clock: systemClock,
      log: createLogger({ service: 'g', level: 'error' }),
      metrics: createMetrics('g'),
      chatMaxMs: 60000,
      shutdown: new AbortController().signal,
    },
    [chatRoutes],
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  const port = (app.server.address() as AddressInfo).port
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello '.repeat(50) }] })
  const once = () =>
    new Promise<[number, number]>((resolve, reject) => {
      const t0 = performance.now()
      let first = 0
      const r = request(
        {
          port,
          host: '127.0.0.1',
          path: '/api/v1/chat',
          method: 'POST',
          agent,
          headers: {
            authorization: 'Bearer x',
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
        },
        (res) => {
          let text = ''
          res.on('data', (c: Buffer) => {
            if (!first) {
              text += c.toString()
              if (text.includes('event: delta')) first = performance.now() - t0
            }
          })
          res.on('end', () => resolve([first, performance.now() - t0]))
        },
      )
      r.on('error', reject)
      r.end(body)
    })
  const run = async (n: number, c: number) => {
    const firsts: number[] = []
    const totals: number[] = []
    const t0 = performance.now()
    let left = n
    await Promise.all(
      Array.from({ length: c }, async () => {
        while (left-- > 0) {
          const [f, t] = await once()
          firsts.push(f)
          totals.push(t)
        }
      }),
    )
    firsts.sort((a, b) => a - b)
    totals.sort((a, b) => a - b)
    const p = (a: number[], q: number) => a[Math.floor(a.length * q)]!.toFixed(2)
    console.log(
      `c=${c} n=${n} first p50 ${p(firsts, 0.5)} p99 ${p(firsts, 0.99)} total p50 ${p(totals, 0.5)} rate ${((n / (performance.now() - t0)) * 1000).toFixed(0)}/s`,
    )
  }
  await run(300, 1)
  await run(300, 1)
  await run(2000, 10)
  await run(2000, 50)
  app.server.closeAllConnections()
  await app.close()
  await world[Symbol.asyncDispose]()
}, 120000)
