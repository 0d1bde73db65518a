import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetrics } from './metrics.js'
import { evaluateChecks, type Probes, startProbes } from './probes.js'

const ready = async () => ({ status: 'ready' as const, detail: 'ok' })
const degraded = async () => ({ status: 'degraded' as const, detail: 'no model' })

describe('evaluateChecks', () => {
  test('the worst check decides, and a throwing one is not ready', async () => {
    expect((await evaluateChecks([])).status).toBe('ready')
    expect(
      (
        await evaluateChecks([
          { name: 'a', check: ready },
          { name: 'b', check: degraded },
        ])
      ).status,
    ).toBe('degraded')
    const failing = async () => {
      throw new Error('password=hunter2')
    }
    const result = await evaluateChecks([
      { name: 'a', check: degraded },
      { name: 'db', check: failing },
    ])
    expect(result.status).toBe('not_ready')
    expect(JSON.stringify(result)).not.toContain('hunter2')
  })
})

describe('the probes', () => {
  let probes: Probes
  let status: 'ready' | 'not_ready' = 'ready'
  const get = async (path: string) => fetch(`http://127.0.0.1:${probes.port}${path}`)

  beforeAll(async () => {
    const checks = [{ name: 'database', check: async () => ({ status, detail: 'as told' }) }]
    probes = await startProbes({
      host: '127.0.0.1',
      port: 0,
      metrics: createMetrics('test'),
      checks,
    })
  })
  afterAll(async () => probes[Symbol.asyncDispose]())

  test('readiness names each check and follows it', async () => {
    expect((await get('/readyz')).status).toBe(200)
    status = 'not_ready'
    const response = await get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      status: 'not_ready',
      checks: [{ name: 'database', status: 'not_ready', detail: 'as told' }],
    })
    status = 'ready'
  })

  test('liveness does not depend on the database', async () => {
    status = 'not_ready'
    expect((await get('/livez')).status).toBe(200)
    status = 'ready'
  })

  test('metrics are Prometheus text', async () => {
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(await response.text()).toContain('process_resident_memory_bytes{service="test"}')
  })

  test('a draining process is not ready', async () => {
    probes.setDraining()
    expect((await get('/readyz')).status).toBe(503)
  })
})
