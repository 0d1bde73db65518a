import { describe, expect, test } from 'vitest'
import type { SignedState } from './compare-log.js'
import { DivergedError, type Divergence } from './divergence.js'
import { LogGuard } from './log-guard.js'

const org = 'an organisation'
const log = { organizationId: org, incarnation: '1' }
const behind = (incarnation = '1'): Divergence => ({
  code: 'log_behind',
  incarnation,
  signedSize: 5n,
  storedSize: 3n,
})

function setUp(compare: () => Promise<SignedState | undefined> = async () => undefined) {
  const world = { nowMs: 1_000, compare, alerts: [] as string[], comparisons: 0 }
  const guard = new LogGuard({
    compare: async () => {
      world.comparisons += 1
      return world.compare()
    },
    nowMs: () => world.nowMs,
    onDiverged: (_, { code }) => world.alerts.push(code),
  })
  const admits = async (): Promise<boolean> =>
    guard.admit(org).then(
      () => true,
      () => false,
    )
  return { world, guard, admits }
}

describe('before a write', () => {
  test('the log is compared once, and again after the connections have changed', async () => {
    const { world, guard, admits } = setUp()
    expect([await admits(), await admits()]).toEqual([true, true])
    expect(world.comparisons).toBe(1)
    guard.forgetComparisons()
    await admits()
    expect(world.comparisons).toBe(2)
  })

  test('a comparison that could not be made refuses, and is made again', async () => {
    const { world, admits } = setUp(async () => {
      throw new Error('the store is away')
    })
    expect(await admits()).toBe(false)
    world.compare = async () => undefined
    expect(await admits()).toBe(true)
  })

  test('a comparison that was overtaken while it ran decides nothing', async () => {
    const { world, guard, admits } = setUp()
    let finish: (value: undefined) => void = () => undefined
    world.compare = async () => new Promise((resolve) => (finish = resolve))
    const old = guard.admit(org)
    world.compare = async () => {
      throw new DivergedError(behind())
    }
    guard.forgetComparisons()
    expect(await admits()).toBe(false)
    finish(undefined)
    await expect(old).rejects.toThrow('read-only')
    expect(guard.divergenceOf(org)).toEqual(behind())
  })
})

describe('a log that differs', () => {
  test('is read-only, alerts once, and is free again after the ceremony', async () => {
    const { world, guard, admits } = setUp(async () => {
      throw new DivergedError(behind())
    })
    expect([await admits(), await admits()]).toEqual([false, false])
    expect([world.alerts, guard.divergedOrganizations]).toEqual([['log_behind'], 1])
    world.compare = async () => undefined
    // Whoever goes on failing to sign the old log keeps nobody from looking again.
    for (let second = 0; second < 6; second += 1) {
      world.nowMs += 1_000
      guard.diverged(org, behind())
    }
    expect(await admits()).toBe(true)
    guard.signed({ ...log, incarnation: '2' }, 1n)
    guard.diverged(org, behind('1'))
    expect([await admits(), guard.divergedOrganizations]).toEqual([true, 0])
  })

  test('a head before what is signed stops the writer within its lock', async () => {
    const { guard, admits } = setUp(async () => ({ incarnation: '1', size: 5n }))
    await admits()
    const head = (sequence: bigint, incarnation = '1') => ({
      incarnation,
      sequence,
      mac: Buffer.alloc(32),
      recordedAt: '',
    })
    for (const allowed of [head(4n), head(9n), head(0n, '2')]) guard.assertHead(org, allowed)
    for (const refused of [undefined, head(3n), head(9n, '0')]) {
      expect(() => {
        guard.assertHead(org, refused)
      }).toThrow('read-only')
    }
  })
})

describe('records without a checkpoint', () => {
  test('stop the writing after a minute, until they are signed', async () => {
    const { world, guard, admits } = setUp()
    expect(await admits()).toBe(true)
    guard.appended(log, 0n)
    world.nowMs += 59_000
    guard.appended(log, 1n)
    expect([await admits(), guard.oldestUnsignedMs]).toEqual([true, 59_000])
    world.nowMs += 2_000
    expect(await admits()).toBe(false)
    guard.signed(log, 2n)
    expect([await admits(), guard.oldestUnsignedMs]).toEqual([true, 0])
    expect(guard.checkpointSize(log)).toBe(2n)
    guard.appended(log, 1n)
    world.nowMs += 120_000
    expect(await admits()).toBe(true)
  })
})
