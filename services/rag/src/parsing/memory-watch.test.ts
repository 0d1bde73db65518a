import { once } from 'node:events'
import { mib } from '@lexcustis/core'
import { expect, test } from 'vitest'
import { MemoryWatch } from './memory-watch.js'

test('notices bytes that are outside of any heap', async () => {
  using watch = new MemoryWatch(mib(100))
  expect(watch.signal.aborted).toBe(false)
  const held = Buffer.alloc(mib(200), 1)
  if (!watch.signal.aborted) await once(watch.signal, 'abort')
  expect(held).toHaveLength(mib(200))
})
