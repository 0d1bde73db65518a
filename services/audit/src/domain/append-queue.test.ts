import { AppError, uuidv7 } from '@lexcustis/core'
import { describe, expect, test } from 'vitest'
import { AppendQueue, QUEUE_LIMITS, type QueueLimits } from './append-queue.js'
import type { WriteBatch } from './batch-writer.js'
import type { Draft } from './draft.js'
import type { Appended, Outcome } from './outcome.js'

const org = uuidv7()

function draft(changes: Partial<Draft> = {}): Draft {
  return {
    organizationId: org,
    id: uuidv7(),
    type: 'document.ingested',
    occurredAt: '2026-11-23T10:15:30.123456Z',
    ref: undefined,
    trace: undefined,
    attrs: '{}',
    endsBy: undefined,
    outcome: undefined,
    actor: { kind: 'system', via: 'internal' },
    content: [],
    sizeBytes: 100,
    ...changes,
  }
}

function appended({ id, organizationId }: Draft): Appended {
  const place = { incarnation: org, sequence: 1n, leaf: Buffer.alloc(32), recordedAt: '' }
  return { receipt: { organizationId, id, ...place }, isDuplicate: false }
}

/** A writer that waits to be told; `batches` is what it was given. */
function heldWriter() {
  const batches: (readonly Draft[])[] = []
  const waiting: (() => void)[] = []
  const write: WriteBatch = async (_, drafts) => {
    batches.push(drafts)
    await new Promise<void>((resolve) => waiting.push(resolve))
    return drafts.map(appended)
  }
  const release = async (): Promise<void> => {
    while (waiting.length > 0) {
      waiting.shift()?.()
      await tick()
      await tick()
    }
  }
  return { write, batches, release }
}

const tick = async () => new Promise((resolve) => setImmediate(resolve))

function open(write: WriteBatch, limits: Partial<QueueLimits> = {}): AppendQueue {
  return new AppendQueue(write, { ...QUEUE_LIMITS, ...limits })
}

const sizes = (batches: readonly (readonly Draft[])[]) => batches.map(({ length }) => length)

describe('a flush', () => {
  test('takes whatever waits, in the order it came, while the one before is written', async () => {
    const { write, batches, release } = heldWriter()
    const queue = open(write)
    const drafts = Array.from({ length: 6 }, () => draft())
    const first = queue.append(drafts[0]!)
    await tick()
    const rest = drafts.slice(1).map(async (each) => queue.append(each))
    expect(queue.waiting).toBe(5)
    await tick()
    expect(sizes(batches)).toEqual([1])
    await release()
    await Promise.all([first, ...rest])
    expect(batches).toEqual([[drafts[0]], drafts.slice(1)])
    expect(queue.waiting).toBe(0)
  })

  test('has at most so many rows and bytes, but always one record', async () => {
    const { write, batches, release } = heldWriter()
    const queue = open(write, { maxRows: 3, maxBytes: 250 })
    const given = [100, 100, 100, 900, 10, 10, 10, 10].map((sizeBytes) => draft({ sizeBytes }))
    const all = given.map(async (each) => queue.append(each))
    await tick()
    await release()
    await Promise.all(all)
    expect(sizes(batches)).toEqual([2, 1, 1, 3, 1])
  })

  test('never has two records with one id, nor two ends of one chat', async () => {
    const { write, batches, release } = heldWriter()
    const queue = open(write)
    const [id, ref] = [uuidv7(), uuidv7()]
    const end = { type: 'chat.aborted' as const, ref }
    const twins = [draft({ id }), draft({ id })]
    const given = [draft({ id }), draft(end), draft({ ref }), draft(end), ...twins]
    const all = given.map(async (each) => queue.append(each))
    await tick()
    await release()
    await Promise.all(all)
    expect(sizes(batches)).toEqual([3, 2, 1])
  })

  test('leaves out whoever no longer waits', async () => {
    const { write, batches, release } = heldWriter()
    const queue = open(write)
    const gone = new AbortController()
    const first = queue.append(draft())
    await tick()
    const cancelled = expect(queue.append(draft(), gone.signal)).rejects.toMatchObject({
      reason: 'CANCELLED',
    })
    const kept = queue.append(draft())
    gone.abort(new AppError('CANCELLED', 'gone'))
    await release()
    await cancelled
    await Promise.all([first, kept])
    expect(sizes(batches)).toEqual([1, 1])
  })

  test('gives each its own outcome, and all the same error when it fails as a whole', async () => {
    const refused = new AppError('CONFLICT', 'no')
    const mixed = open(async (_, drafts): Promise<Outcome[]> =>
      drafts.map((each, index) => (index === 1 ? refused : appended(each))),
    )
    const given = [draft(), draft(), draft()]
    const all = await Promise.allSettled(given.map(async (each) => mixed.append(each)))
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])

    const broken = open(async () => {
      throw new AppError('UNAVAILABLE', 'away')
    })
    const failed = await Promise.allSettled([broken.append(draft()), broken.append(draft())])
    expect(failed).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
    await expect(broken.append(draft())).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })
})

describe('organisations', () => {
  test('are written at the same time, up to a limit, and take turns', async () => {
    const { write, batches, release } = heldWriter()
    const queue = open(write, { maxConcurrent: 2, maxRows: 1 })
    const [a, b, c] = [uuidv7(), uuidv7(), uuidv7()]
    const all = [a, a, a, b, c].map(async (organizationId) =>
      queue.append(draft({ organizationId })),
    )
    await tick()
    expect(batches.flat().map(({ organizationId }) => organizationId)).toEqual([a, b])
    await release()
    await Promise.all(all)
    const order = batches.flat().map(({ organizationId }) => organizationId)
    expect(order.indexOf(c)).toBeLessThan(order.lastIndexOf(a))
  })
})

describe('what waits is bounded', () => {
  test.each<[string, Partial<QueueLimits>]>([
    ['records', { maxWaiting: 2 }],
    ['bytes', { maxWaitingBytes: 250 }],
    ['records of one organisation', { maxWaitingPerOrganization: 2 }],
  ])('in %s: beyond that, UNAVAILABLE with a time to try again', async (_, limits) => {
    const { write, release } = heldWriter()
    const queue = open(write, limits)
    const first = queue.append(draft())
    await tick()
    const waiting = [queue.append(draft()), queue.append(draft())]
    const refused = await queue.append(draft()).catch((error: unknown) => error)
    expect(refused).toMatchObject({ reason: 'UNAVAILABLE', retryAfterMs: 500 })
    await release()
    await Promise.all([first, ...waiting])
    const later = queue.append(draft())
    await tick()
    await release()
    await later
  })
})

test('closing writes what waits and takes nothing more', async () => {
  const { write, batches, release } = heldWriter()
  const queue = open(write, { maxRows: 1 })
  const all = [queue.append(draft()), queue.append(draft())]
  const closed = queue.close()
  await expect(queue.append(draft())).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  await tick()
  await release()
  await Promise.all([...all, closed])
  expect(sizes(batches)).toEqual([1, 1])
  await open(write).close()
})
