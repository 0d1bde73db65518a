import { AppError } from '@lexcustis/core'
import { afterEach, describe, expect, test } from 'vitest'
import {
  CheckpointConflictError,
  type CheckpointStore,
  type LogName,
} from '../src/domain/checkpoint-store.js'

/** An empty place for checkpoints, which can be opened again and again. */
export interface StorePlace extends AsyncDisposable {
  /** A store over the same content, as another process or a restart would open it. */
  open(): Promise<CheckpointStore>
}

const ORG = '0199c1d2-0000-7000-8000-000000000001'
const OTHER_ORG = '0199c1d2-0000-7000-8000-000000000002'
const INC = '0199c1d2-0000-7000-8000-00000000000a'
const LATER_INC = '0199c1d3-0000-7000-8000-00000000000a'
const LOG: LogName = { organizationId: ORG, incarnation: INC }

/** A note in the form the stores need: text, blank line, one signature line. */
export function sampleNote(size: bigint, root = 'A', signature = 'c2ln'): string {
  return `example.com/log\n${size}\n${root}\n\n— example.com/log ${signature}\n`
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const reasonOf = async (work: () => Promise<unknown>): Promise<unknown> =>
  work().then(
    () => 'nothing',
    (error: unknown) => (error instanceof AppError ? error.reason : error),
  )

/** What every checkpoint store does, whatever it is made of. */
export function describeCheckpointStore(name: string, make: () => Promise<StorePlace>): void {
  describe(`a checkpoint store: ${name}`, () => {
    const places: StorePlace[] = []
    const openPlace = async (): Promise<StorePlace> => {
      const place = await make()
      places.push(place)
      return place
    }
    afterEach(async () => {
      for (const place of places.splice(0)) await place[Symbol.asyncDispose]()
    })

    test('is empty at first, and says so', async () => {
      const store = await (await openPlace()).open()
      expect(await store.newest(LOG)).toBeUndefined()
      expect(await store.newest('deployment')).toBeUndefined()
      expect(await store.get(LOG, 1n)).toBeUndefined()
      expect(await store.getTimestamp(LOG, 1n)).toBeUndefined()
      expect(await store.incarnations(ORG)).toEqual([])
      expect(await all(store.logs())).toEqual([])
      expect(await all(store.entries(0n))).toEqual([])
    })

    test.each([
      ['ascending', [9n, 10n, 99n, 100n, 999n, 1000n, 2n ** 40n, 2n ** 63n - 1n]],
      ['descending', [2n ** 63n - 1n, 2n ** 40n, 1000n, 999n, 100n, 99n, 10n, 9n]],
    ])('the newest is the one of the largest number, stored %s', async (_, sizes) => {
      const store = await (await openPlace()).open()
      let largest = 0n
      for (const size of sizes) {
        await store.put(LOG, size, sampleNote(size))
        if (size > largest) largest = size
        expect(await store.newest(LOG)).toBe(sampleNote(largest))
      }
      for (const size of sizes) expect(await store.get(LOG, size)).toBe(sampleNote(size))
      expect(await store.get(LOG, 11n)).toBeUndefined()
    })

    test('logs do not see each other', async () => {
      const store = await (await openPlace()).open()
      await store.put(LOG, 5n, sampleNote(5n))
      await store.put({ organizationId: ORG, incarnation: LATER_INC }, 7n, sampleNote(7n))
      await store.put('deployment', 3n, sampleNote(3n))
      expect(await store.newest(LOG)).toBe(sampleNote(5n))
      expect(await store.newest('deployment')).toBe(sampleNote(3n))
      expect(await store.newest({ organizationId: OTHER_ORG, incarnation: INC })).toBeUndefined()
    })

    test('lists every log once, with incarnations oldest first', async () => {
      const store = await (await openPlace()).open()
      for (const organizationId of [OTHER_ORG, ORG]) {
        for (const incarnation of [LATER_INC, INC]) {
          await store.put({ organizationId, incarnation }, 1n, sampleNote(1n))
          await store.put({ organizationId, incarnation }, 2n, sampleNote(2n))
        }
      }
      await store.put('deployment', 1n, sampleNote(1n))
      await store.putEntry(0n, 'leaf')
      expect(await store.incarnations(ORG)).toEqual([INC, LATER_INC])
      expect(await all(store.logs())).toEqual([
        { organizationId: ORG, incarnation: INC },
        { organizationId: ORG, incarnation: LATER_INC },
        { organizationId: OTHER_ORG, incarnation: INC },
        { organizationId: OTHER_ORG, incarnation: LATER_INC },
      ])
    })

    test('the first note of a size stays: more signatures change nothing, another text is a conflict', async () => {
      const store = await (await openPlace()).open()
      await store.put(LOG, 8n, sampleNote(8n, 'A', 'first'))
      await store.put(LOG, 8n, sampleNote(8n, 'A', 'first'))
      await store.put(LOG, 8n, sampleNote(8n, 'A', 'second'))
      await expect(store.put(LOG, 8n, sampleNote(8n, 'B', 'first'))).rejects.toThrow(
        CheckpointConflictError,
      )
      expect(await store.get(LOG, 8n)).toBe(sampleNote(8n, 'A', 'first'))
    })

    test('one note continues a checkpoint, whoever asks and how often', async () => {
      const place = await openPlace()
      const stores = await Promise.all([place.open(), place.open()])
      const winners = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const size = 10n + BigInt(index)
          return stores[index % 2 === 0 ? 0 : 1].claim(LOG, 9n, sampleNote(size))
        }),
      )
      expect(new Set(winners).size).toBe(1)
      const [winner = ''] = winners
      expect(await (await place.open()).claim(LOG, 9n, sampleNote(99n))).toBe(winner)
      expect(await stores[0].claim(LOG, 0n, sampleNote(1n))).toBe(sampleNote(1n))
      expect(await stores[0].claim('deployment', 9n, sampleNote(3n))).toBe(sampleNote(3n))
      // A claim is no checkpoint yet.
      expect(await stores[0].newest(LOG)).toBeUndefined()
      expect(await stores[0].get(LOG, 10n)).toBeUndefined()
    })

    test('eight writers of one size and two trees: one tree is kept, everyone of the other is told', async () => {
      const place = await openPlace()
      const stores = await Promise.all([place.open(), place.open()])
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const root = index % 2 === 0 ? 'A' : 'B'
          const note = sampleNote(4n, root, `writer${index}`)
          const failed = await stores[index % 3 === 0 ? 0 : 1].put(LOG, 4n, note).then(
            () => false,
            (error: unknown) => {
              if (error instanceof CheckpointConflictError) return true
              throw error
            },
          )
          return { root, failed }
        }),
      )
      const kept = (await stores[0].get(LOG, 4n))!.split('\n')[2]
      expect(outcomes.map(({ root, failed }) => failed === (root !== kept))).not.toContain(false)
    })

    test('eight writers of eight sizes at once in an empty store', async () => {
      const place = await openPlace()
      const stores = await Promise.all([place.open(), place.open()])
      const sizes = Array.from({ length: 8 }, (_, index) => BigInt(index + 1))
      await Promise.all(
        sizes.map((size) => stores[Number(size % 2n)]!.put(LOG, size, sampleNote(size))),
      )
      for (const size of sizes) expect(await stores[0].get(LOG, size)).toBe(sampleNote(size))
      expect(await stores[1].newest(LOG)).toBe(sampleNote(8n))
    })

    test('keeps everything over a restart, byte for byte', async () => {
      const place = await openPlace()
      const first = await place.open()
      const token = Uint8Array.from({ length: 256 }, (_, index) => index)
      await first.put(LOG, 12n, sampleNote(12n))
      await first.putTimestamp(LOG, 12n, token)
      await first.putTimestamp(LOG, 12n, Buffer.from('a second token'))
      await first.putEntry(0n, 'leaf — 0\n')
      const second = await place.open()
      expect(await second.newest(LOG)).toBe(sampleNote(12n))
      expect(Buffer.from((await second.getTimestamp(LOG, 12n))!)).toEqual(Buffer.from(token))
      expect(await all(second.entries(0n))).toEqual(['leaf — 0\n'])
    })

    test('a token without its note is no checkpoint', async () => {
      const store = await (await openPlace()).open()
      await store.putTimestamp(LOG, 100n, Buffer.from('token'))
      expect(await store.newest(LOG)).toBeUndefined()
      expect(await store.incarnations(ORG)).toEqual([])
      await store.put(LOG, 9n, sampleNote(9n))
      expect(await store.newest(LOG)).toBe(sampleNote(9n))
    })

    test('leaves are taken once: the losers of a race try the next index', async () => {
      const place = await openPlace()
      const stores = await Promise.all([place.open(), place.open()])
      const append = async (writer: number): Promise<void> => {
        for (let index = 0n; ; index += 1n) {
          if (await stores[writer % 2]!.putEntry(index, `leaf of ${writer}`)) return
        }
      }
      await Promise.all(Array.from({ length: 8 }, (_, writer) => append(writer)))
      const entries = await all(stores[0].entries(0n))
      expect([...entries].sort()).toEqual(
        Array.from({ length: 8 }, (_, writer) => `leaf of ${writer}`),
      )
      expect(await stores[0].putEntry(3n, entries[3]!)).toBe(true)
      expect(await stores[0].putEntry(3n, 'another')).toBe(false)
    })

    test('leaves are read in order, from an index on, until the first that is missing', async () => {
      const store = await (await openPlace()).open()
      const leaves = Array.from({ length: 45 }, (_, index) => `leaf ${index}`)
      for (const [index, leaf] of leaves.entries()) await store.putEntry(BigInt(index), leaf)
      await store.putEntry(46n, 'behind a gap')
      expect(await all(store.entries(0n))).toEqual(leaves)
      expect(await all(store.entries(41n))).toEqual(leaves.slice(41))
      expect(await all(store.entries(45n))).toEqual([])
      expect(await all(store.entries(46n))).toEqual(['behind a gap'])
    })

    test.each(['..', '../../etc', 'a/b', '', ORG.toUpperCase(), `${ORG}/../x`, `${ORG}\0`])(
      'the name %j leads nowhere',
      async (part) => {
        const store = await (await openPlace()).open()
        const wrong = { organizationId: part, incarnation: INC }
        const other = { organizationId: ORG, incarnation: part }
        for (const log of [wrong, other]) {
          expect(await reasonOf(async () => store.put(log, 1n, sampleNote(1n)))).toBe(
            'INVALID_INPUT',
          )
          expect(await reasonOf(async () => store.newest(log))).toBe('INVALID_INPUT')
        }
        expect(await reasonOf(async () => store.incarnations(part))).toBe('INVALID_INPUT')
      },
    )

    test.each([0n, -1n, 2n ** 63n])('a checkpoint of size %s is none', async (size) => {
      const store = await (await openPlace()).open()
      expect(await reasonOf(async () => store.put(LOG, size, sampleNote(1n)))).toBe('INVALID_INPUT')
      expect(await reasonOf(async () => store.putEntry(-1n, 'leaf'))).toBe('INVALID_INPUT')
    })
  })
}
