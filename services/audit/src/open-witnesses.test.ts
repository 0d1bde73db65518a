import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@lexcustis/core'
import { expect, test, vi } from 'vitest'
import { checkpointNote } from '../test/memory-checkpoints.js'
import { hasOpenssl, startOpensslAuthority } from '../test/openssl-authority.js'
import { type Anchoring, startAnchoring } from './domain/anchoring.js'
import type { OrganizationLog } from './domain/checkpoint-store.js'
import { openCheckpointStore } from './open-checkpoint-store.js'
import { openAnchorProgress, openWitnesses } from './open-witnesses.js'

const logs: readonly OrganizationLog[] = [1, 2, 3].map((last) => ({
  organizationId: `0199c1d2-0000-7000-8000-00000000000${last}`,
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
}))

test.skipIf(!hasOpenssl)(
  'a webhook that fails half the time and a timestamp authority have the newest of every log, over restarts',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lexcustis-anchoring-'))
    const taken = new Map<string, string[]>()
    let requests = 0
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        requests += 1
        const origin = String(request.headers['lexcustis-log-origin'])
        if (requests % 2 === 0) response.writeHead(503).end()
        else {
          taken.set(origin, [...(taken.get(origin) ?? []), Buffer.concat(chunks).toString('utf8')])
          response.writeHead(204).end()
        }
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    await using authority = await startOpensslAuthority()
    const config = {
      checkpointDir: folder,
      webhook: {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        tokenFile: undefined,
      },
      timestamps: { url: authority.url, trustedCertificates: authority.ca, everyMs: 0 },
    }
    const start = async (): Promise<{
      anchoring: Anchoring
      sign: (size: bigint) => Promise<void>
    }> => {
      const store = await openCheckpointStore(config)
      const anchoring = startAnchoring({
        store,
        witnesses: openWitnesses(config, store),
        progress: openAnchorProgress(config),
        clock: systemClock,
        backoff: { firstMs: 2, capMs: 10, random: Math.random },
      })
      return {
        anchoring,
        sign: async (size) => {
          for (const log of logs) {
            await store.put(log, size, checkpointNote(log, size))
            anchoring.notify(log, size)
          }
        },
      }
    }

    let size = 0n
    for (let round = 0; round < 3; round += 1) {
      const { anchoring, sign } = await start()
      for (let step = 0; step < 4; step += 1) await sign((size += 1n))
      await anchoring[Symbol.asyncDispose]()
    }
    const { anchoring } = await start()
    await vi.waitFor(
      () => {
        const newest = logs.map((log) => taken.get(originOf(log))?.at(-1))
        expect(newest).toEqual(logs.map((log) => checkpointNote(log, size)))
      },
      { timeout: 15_000, interval: 20 },
    )
    await vi.waitFor(() => expect(anchoring.backlog().unanchoredRecords).toBe(0n), {
      timeout: 15_000,
      interval: 20,
    })
    await anchoring[Symbol.asyncDispose]()
    const store = await openCheckpointStore(config)
    for (const log of logs) {
      const sizes = taken.get(originOf(log))!.map((note) => Number(note.split('\n')[1]))
      expect(sizes).toEqual([...sizes].sort((left, right) => left - right))
      const token = await store.getTimestamp(log, size)
      expect(await authority.verify(token!, checkpointNote(log, size))).toBe(true)
    }

    // Everything is delivered: another start asks nobody anything.
    const before = requests
    const last = await start()
    await vi.waitFor(() => expect(last.anchoring.backlog().witnesses).toHaveLength(2))
    await new Promise((resolve) => setTimeout(resolve, 200))
    await last.anchoring[Symbol.asyncDispose]()
    expect(requests).toBe(before)
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  },
)

function originOf({ organizationId, incarnation }: OrganizationLog): string {
  return `example.com/${organizationId}/${incarnation}`
}
