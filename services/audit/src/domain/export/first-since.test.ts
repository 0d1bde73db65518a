import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstSince } from './first-since.js'

const log = { organizationId: 'org', incarnation: 'inc' }

test('is the first record of a time, whatever was pruned before it', async () => {
  const times = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 })
  const arbitrary = fc.record({
    times,
    pruned: fc.nat(20),
    time: fc.constantFrom('0', '1', '4', '8', '9', 'a'),
  })
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.nat(50), async ({ times, pruned, time }, cut) => {
      const sorted = times.sort((a, b) => a - b).map(String)
      const records = sorted
        .map((recordedAt, index) => ({ sequence: BigInt(index), recordedAt }))
        .slice(pruned)
      let reads = 0
      const reader = {
        firstFrom: async (_: object, sequence: bigint) => {
          reads += 1
          return records.find((record) => record.sequence >= sequence)
        },
      }
      const below = BigInt(Math.min(cut, sorted.length))
      const found = await firstSince(reader, log, time, below)
      const within = records.filter(({ sequence }) => sequence < below)
      const expected = within.find(({ recordedAt }) => recordedAt >= time)?.sequence
      const since = expected ?? below
      // Where everything between was pruned, any place behind the record before is as good.
      const next = records.find(({ sequence }) => sequence >= found)
      expect(next?.sequence ?? below).toBe(
        records.find((r) => r.sequence >= since)?.sequence ?? below,
      )
      expect(reads).toBeLessThanOrEqual(7)
    }),
  )
})
