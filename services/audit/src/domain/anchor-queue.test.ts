import { describe, expect, test } from 'vitest'
import { type AnchorQueue, createAnchorQueue } from './anchor-queue.js'
import type { LogName } from './checkpoint-store.js'

const log = (id: string): LogName => ({ organizationId: id, incarnation: 'inc' })
const at = (ms: number): { ms: number; micros: bigint } => ({ ms, micros: BigInt(ms) * 1000n })
const steady = { firstMs: 1_000, capMs: 60_000, random: () => 1 }
const queue = (everyMs = 0): AnchorQueue => createAnchorQueue(steady, everyMs)

describe('the queue of a witness', () => {
  test('a later checkpoint of a log covers those before', () => {
    const pending = queue()
    pending.found(log('a'), 5n, at(0))
    pending.found(log('a'), 9n, at(10))
    pending.found(log('a'), 7n, at(20))
    const next = pending.next(30)!
    expect(next.newest).toBe(9n)
    expect(pending.backlog(30_000n)).toEqual({
      unanchoredRecords: 9n,
      oldestUnanchoredSeconds: 0.03,
    })
    pending.delivered(next, 9n, at(30))
    expect(pending.next(40)).toBeUndefined()
    expect(pending.waitMs(40)).toBe(Infinity)
    expect(pending.backlog(40_000n)).toEqual({ unanchoredRecords: 0n, oldestUnanchoredSeconds: 0 })
  })

  test('what is stored during a delivery stays pending, as old as that delivery', () => {
    const pending = queue()
    pending.found(log('a'), 5n, at(0))
    const next = pending.next(1_000)!
    pending.found(log('a'), 8n, at(1_500))
    pending.delivered(next, 5n, at(1_000))
    expect(pending.backlog(3_000_000n)).toEqual({
      unanchoredRecords: 3n,
      oldestUnanchoredSeconds: 2,
    })
    expect(pending.next(3_000)?.newest).toBe(8n)
  })

  test('what was delivered before a restart is not pending, and not younger than it is', () => {
    const pending = queue()
    pending.found(log('a'), 5n, at(100_000), { size: 5n, atMicros: 0n })
    pending.found(log('b'), 7n, at(100_000), { size: 5n, atMicros: 40_000_000n })
    expect(pending.next(100_000)?.log).toEqual(log('b'))
    expect(pending.backlog(100_000_000n)).toEqual({
      unanchoredRecords: 2n,
      oldestUnanchoredSeconds: 60,
    })
  })

  test('a log that is refused waits longer each time, up to the cap', () => {
    const pending = queue()
    pending.found(log('a'), 1n, at(0))
    const waits = []
    let now = 0
    for (let attempt = 0; attempt < 9; attempt += 1) {
      pending.failed(pending.next(now)!, now)
      waits.push(pending.waitMs(now))
      now += pending.waitMs(now)
    }
    expect(waits).toEqual([1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 60e3, 60e3, 60e3])
  })

  test('waits are scattered by half, so that replicas do not come together', () => {
    const early = createAnchorQueue({ ...steady, random: () => 0 }, 0)
    early.found(log('a'), 1n, at(0))
    early.failed(early.next(0)!, 0)
    expect(early.waitMs(0)).toBe(500)
  })

  test('one log that is refused for ever delays no other by more than the first wait', () => {
    const pending = queue()
    pending.found(log('bad'), 1n, at(0))
    let now = 0
    for (let attempt = 0; attempt < 10; attempt += 1) {
      pending.failed(pending.next(now)!, now)
      now += pending.waitMs(now)
    }
    pending.failed(pending.next(now)!, now)
    pending.found(log('good'), 1n, at(now))
    expect(pending.waitMs(now)).toBe(1_000)
    expect(pending.next(now + 1_000)?.log).toEqual(log('good'))
  })

  test('a witness that is down is not asked for every log', () => {
    const pending = queue()
    for (let index = 0; index < 100; index += 1) pending.found(log(`${index}`), 1n, at(0))
    let asked = 0
    for (let now = 0; now < 600_000; now += 100) {
      const next = pending.next(now)
      if (!next) continue
      asked += 1
      pending.failed(next, now)
    }
    expect(asked).toBeLessThan(20)
    const next = pending.next(700_000)!
    pending.delivered(next, 1n, at(700_000))
    expect(pending.next(700_000)).toBeDefined()
  })

  test('everyone has a turn, however often others have something new', () => {
    const pending = queue()
    for (const name of ['a', 'b', 'c']) pending.found(log(name), 1n, at(0))
    const turns = []
    for (let turn = 1; turn <= 9; turn += 1) {
      const next = pending.next(turn)!
      pending.delivered(next, next.newest, at(turn))
      pending.found(next.log, next.newest + 1n, at(turn))
      turns.push((next.log as { organizationId: string }).organizationId)
    }
    expect(turns.slice(3)).toEqual([...turns.slice(0, 3), ...turns.slice(0, 3)])
  })

  test('a pace is kept, also over a restart and a clock that was set', () => {
    const pending = queue(10_000)
    pending.found(log('a'), 1n, at(0))
    pending.delivered(pending.next(0)!, 1n, at(0))
    pending.found(log('a'), 2n, at(10))
    expect(pending.next(9_999)).toBeUndefined()
    expect(pending.next(10_000)?.newest).toBe(2n)

    const again = queue(10_000)
    again.found(log('a'), 3n, at(4_000), { size: 2n, atMicros: 0n })
    expect(again.waitMs(4_000)).toBe(6_000)
    const set = queue(10_000)
    set.found(log('a'), 3n, at(4_000), { size: 2n, atMicros: 10n ** 15n })
    expect(set.waitMs(4_000)).toBe(10_000)
  })
})
