import { describe, expect, test } from 'vitest'
import { type Open, openParts } from './parts.js'

describe('openParts', () => {
  const closed: string[] = []
  const part = (name: string): AsyncDisposable => ({
    [Symbol.asyncDispose]: async () => {
      closed.push(name)
    },
  })
  const sync = (name: string): Disposable => ({ [Symbol.dispose]: () => void closed.push(name) })
  const two = (open: Open) => {
    open(part('database'))
    open(sync('timer'))
  }

  test('closes the last opened first, after what comes before closing', async () => {
    closed.length = 0
    const whole = await openParts(async (open) => {
      two(open)
      return { port: 1, beforeClose: () => void closed.push('draining') }
    })
    expect([whole.port, closed]).toEqual([1, []])
    await whole[Symbol.asyncDispose]()
    expect(closed).toEqual(['draining', 'timer', 'database'])
    await whole[Symbol.asyncDispose]()
    expect(closed.filter((name) => name === 'database')).toHaveLength(1)
  })

  test('closes what was opened when a later part fails', async () => {
    closed.length = 0
    const failed = openParts(async (open) => {
      two(open)
      throw new Error('port is taken')
    })
    await expect(failed).rejects.toThrow('port is taken')
    expect(closed).toEqual(['timer', 'database'])
  })
})
