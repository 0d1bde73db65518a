import { systemClock } from '@lexcustis/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  checkpointNote,
  createMemoryCheckpoints,
  createMemoryProgress,
  keyOf,
  type MemoryCheckpoints,
  type MemoryProgress,
} from '../../test/memory-checkpoints.js'
import { type Anchoring, type AnchoringOptions, startAnchoring } from './anchoring.js'
import type { LogName } from './checkpoint-store.js'
import type { StoredCheckpoint, Witness } from './witness.js'

const org = (last: number): LogName => ({
  organizationId: `0199c1d2-0000-7000-8000-00000000000${last}`,
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
})
const [a, b] = [org(1), org(2)]

interface ListeningWitness extends Witness {
  readonly taken: StoredCheckpoint[]
  /** `<log> <size>` of everything taken of a log. */
  sizes(log: LogName): bigint[]
  before: (checkpoint: StoredCheckpoint) => Promise<void>
}

function listen(name: string): ListeningWitness {
  const taken: StoredCheckpoint[] = []
  const witness: ListeningWitness = {
    name,
    taken,
    before: async () => undefined,
    sizes: (log) => taken.filter((each) => keyOf(each.log) === keyOf(log)).map(({ size }) => size),
    async push(checkpoint) {
      await witness.before(checkpoint)
      taken.push(checkpoint)
    },
  }
  return witness
}

let store: MemoryCheckpoints
let progress: MemoryProgress
let failures: { name: string; error: unknown }[]
let opened: Anchoring[]
beforeEach(() => {
  store = createMemoryCheckpoints()
  progress = createMemoryProgress()
  failures = []
  opened = []
})
afterEach(async () => {
  for (const anchoring of opened) await anchoring[Symbol.asyncDispose]()
})

function start(witnesses: Witness[], more: Partial<AnchoringOptions> = {}): Anchoring {
  const anchoring = startAnchoring({
    store,
    witnesses,
    progress,
    clock: systemClock,
    backoff: { firstMs: 2, capMs: 10, random: Math.random },
    onFailed: (name, error) => failures.push({ name, error }),
    ...more,
  })
  opened.push(anchoring)
  return anchoring
}

function sign(log: LogName, size: bigint, ...told: Anchoring[]): void {
  store.set(log, checkpointNote(log, size))
  for (const anchoring of told) anchoring.notify(log, size)
}

const soon = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: 5_000, interval: 2 })

test('every witness is given the note as it is stored, and the backlog is nothing again', async () => {
  const witnesses = [listen('one'), listen('two')]
  const anchoring = start(witnesses)
  sign(a, 3n, anchoring)
  sign('deployment', 1n, anchoring)
  await soon(() => expect(witnesses.map(({ taken }) => taken.length)).toEqual([2, 2]))
  for (const { taken } of witnesses) {
    expect(taken).toContainEqual({ log: a, size: 3n, note: checkpointNote(a, 3n) })
    expect(taken).toContainEqual({
      log: 'deployment',
      size: 1n,
      note: checkpointNote('deployment', 1n),
    })
  }
  await soon(() => expect(anchoring.backlog()).toMatchObject({ unanchoredRecords: 0n }))
  expect(anchoring.backlog().oldestUnanchoredSeconds).toBe(0)
  expect(failures).toEqual([])
})

test('what was stored while nothing ran is delivered at the start, and only that', async () => {
  sign(a, 5n)
  sign(b, 7n)
  await progress.write('one', a, { size: 5n, atMicros: 1n })
  await progress.write('one', b, { size: 6n, atMicros: 1n })
  const one = listen('one')
  start([one])
  await soon(() => expect(one.sizes(b)).toEqual([7n]))
  expect(one.sizes(a)).toEqual([])
})

test('checkpoints of other replicas are found without being told', async () => {
  const one = listen('one')
  start([one], { scanEveryMs: 5 })
  sign(a, 5n)
  await soon(() => expect(one.sizes(a)).toEqual([5n]))
  sign(a, 6n)
  await soon(() => expect(one.sizes(a)).toEqual([5n, 6n]))
})

test('progress that is lost means delivering again, progress that is kept does not', async () => {
  sign(a, 5n)
  const first = listen('one')
  await using anchoring = start([first])
  await soon(() => expect(progress.kept.size).toBe(1))
  await anchoring[Symbol.asyncDispose]()
  const second = listen('one')
  const again = start([second], { scanEveryMs: 5 })
  sign(b, 1n)
  await soon(() => expect(second.sizes(b)).toEqual([1n]))
  expect(second.sizes(a)).toEqual([])
  await again[Symbol.asyncDispose]()
  progress.kept.clear()
  const third = listen('one')
  start([third])
  await soon(() => expect(third.sizes(a)).toEqual([5n]))
})

test('sizes of a log ascend, whatever order they are told in and however often it fails', async () => {
  const one = listen('one')
  let calls = 0
  one.before = async () => {
    calls += 1
    if (calls % 3 !== 0) throw new Error('down')
  }
  const anchoring = start([one])
  for (let size = 1n; size <= 60n; size += 1n) {
    sign(a, size, anchoring)
    if (size % 7n === 0n) anchoring.notify(a, size - 3n)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await soon(() => expect(one.sizes(a).at(-1)).toBe(60n))
  const sizes = one.sizes(a)
  expect(sizes).toEqual([...new Set(sizes)].sort((left, right) => Number(left - right)))
  expect(failures.every(({ name }) => name === 'one')).toBe(true)
})

test('a witness that hangs or fails holds up neither the others nor who tells', async () => {
  const [fast, stuck, broken] = [listen('fast'), listen('stuck'), listen('broken')]
  let release = (): void => undefined
  stuck.before = () => new Promise((resolve) => (release = resolve))
  broken.before = async () => Promise.reject(new Error('down'))
  const anchoring = start([fast, stuck, broken])
  sign(a, 4n, anchoring)
  await soon(() => expect(fast.sizes(a)).toEqual([4n]))
  sign(a, 6n, anchoring)
  await soon(() => expect(fast.sizes(a)).toEqual([4n, 6n]))
  await soon(() => expect(failures.length).toBeGreaterThan(2))
  const { unanchoredRecords, oldestUnanchoredSeconds, witnesses } = anchoring.backlog()
  expect(unanchoredRecords).toBe(6n)
  expect(oldestUnanchoredSeconds).toBeGreaterThan(0)
  expect(witnesses.map((each) => [each.witness, each.unanchoredRecords])).toEqual([
    ['fast', 0n],
    ['stuck', 6n],
    ['broken', 6n],
  ])
  broken.before = async () => undefined
  release()
  stuck.before = async () => undefined
  // The stuck one had the first, and is given what came meanwhile.
  await soon(() => expect(stuck.sizes(a)).toEqual([4n, 6n]))
  await soon(() => expect(broken.sizes(a)).toEqual([6n]))
  await soon(() => expect(anchoring.backlog().unanchoredRecords).toBe(0n))
})

test('one log that is refused does not stop the others', async () => {
  const one = listen('one')
  one.before = async ({ log }) => {
    if (log === a) throw new Error('conflict')
  }
  const anchoring = start([one])
  sign(a, 1n, anchoring)
  for (let size = 1n; size <= 5n; size += 1n) {
    sign(b, size, anchoring)
    await soon(() => expect(one.sizes(b).at(-1)).toBe(size))
  }
  expect(one.sizes(a)).toEqual([])
  expect(anchoring.backlog().unanchoredRecords).toBe(1n)
})

test('a store that is away at the start is asked again', async () => {
  sign(a, 2n)
  store.failing = new Error('away')
  const one = listen('one')
  start([one])
  await soon(() =>
    expect(failures.filter(({ name }) => name === 'store').length).toBeGreaterThan(2),
  )
  store.failing = undefined
  await soon(() => expect(one.sizes(a)).toEqual([2n]))
})

test('a note that cannot be read is reported and hides no other', async () => {
  store.set(a, 'not a note')
  sign(b, 3n)
  const one = listen('one')
  start([one])
  await soon(() => expect(one.sizes(b)).toEqual([3n]))
  expect(failures).toMatchObject([{ name: 'store', error: { code: 'checkpoint_malformed' } }])
})

test('a store that was rolled back is reported, at the start and while running', async () => {
  sign(a, 4n)
  await progress.write('one', a, { size: 9n, atMicros: 1n })
  const one = listen('one')
  const anchoring = start([one])
  const behind = { name: 'one', error: { reason: 'CONFLICT' } }
  await soon(() => expect(failures).toMatchObject([behind]))
  expect(one.taken).toEqual([])
  store.set(b, undefined)
  anchoring.notify(b, 3n)
  // It is tried again and again, and said each time.
  await soon(() => expect(failures.length).toBeGreaterThan(1))
  for (const failure of failures) expect(failure).toMatchObject(behind)
  expect(anchoring.backlog().unanchoredRecords).toBe(3n)
})

test('progress that cannot be kept stops nothing', async () => {
  progress.write = async () => Promise.reject(new Error('ENOSPC'))
  progress.read = async () => Promise.reject(new Error('EIO'))
  const one = listen('one')
  const anchoring = start([one])
  sign(a, 1n, anchoring)
  await soon(() => expect(one.sizes(a)).toEqual([1n]))
  sign(a, 2n, anchoring)
  await soon(() => expect(one.sizes(a)).toEqual([1n, 2n]))
  expect(new Set(failures.map(({ name }) => name))).toEqual(new Set(['progress']))
})

test('a witness with a pace is given the newest when its time has come', async () => {
  const slow = { ...listen('slow'), everyMs: 60 }
  const anchoring = start([slow])
  sign(a, 1n, anchoring)
  await soon(() => expect(slow.taken.map(({ size }) => size)).toEqual([1n]))
  for (let size = 2n; size <= 9n; size += 1n) sign(a, size, anchoring)
  await soon(() => expect(slow.taken.map(({ size }) => size)).toEqual([1n, 9n]))
})

test('ends in the middle of a wait, and after a delivery that is under way', async () => {
  const one = listen('one')
  let pushing = false
  one.before = async () => {
    pushing = true
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  const anchoring = start([one])
  sign(a, 1n, anchoring)
  await soon(() => expect(pushing).toBe(true))
  await anchoring[Symbol.asyncDispose]()
  expect(one.sizes(a)).toEqual([1n])
  expect(progress.kept.size).toBe(1)
})

test.each([[['one', 'one']], [['../x']], [['']], [['store']]])('names %j are refused', (names) => {
  expect(() => start(names.map(listen))).toThrow(TypeError)
})
