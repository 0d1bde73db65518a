import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Memo } from './memo.js'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

describe('Memo', () => {
  test('loads once within its time, and again after it', async () => {
    const load = vi.fn(async (key: string) => `${key}${load.mock.calls.length}`)
    const memo = new Memo({ ttlMs: 1_000, load })
    expect(await Promise.all([memo.get('a'), memo.get('a'), memo.get('b')])).toEqual([
      'a1',
      'a1',
      'b2',
    ])
    vi.advanceTimersByTime(999)
    expect(await memo.get('a')).toBe('a1')
    vi.advanceTimersByTime(1)
    expect(await memo.get('a')).toBe('a3')
  })

  test('a failure is not remembered', async () => {
    const load = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue('here')
    const memo = new Memo<string>({ ttlMs: 1_000, load })
    await expect(memo.get('a')).rejects.toThrow('away')
    expect(await memo.get('a')).toBe('here')
  })

  test('a load that began before a change is not used after it', async () => {
    let answer: (value: string) => void = () => undefined
    const slow = new Promise<string>((resolve) => {
      answer = resolve
    })
    const load = vi.fn().mockReturnValueOnce(slow).mockResolvedValue('new')
    const memo = new Memo<string>({ ttlMs: 1_000, load })
    const early = memo.get('a')
    memo.forget('a')
    answer('old')
    expect(await early).toBe('old')
    expect(await memo.get('a')).toBe('new')
  })

  test('keeps no more than it may', async () => {
    const load = vi.fn(async (key: string) => key)
    const memo = new Memo({ ttlMs: 1_000, load, maxEntries: 2 })
    for (const key of ['a', 'b', 'c']) await memo.get(key)
    await memo.get('c')
    expect(load).toHaveBeenCalledTimes(3)
    await memo.get('a')
    expect(load).toHaveBeenCalledTimes(4)
  })
})
