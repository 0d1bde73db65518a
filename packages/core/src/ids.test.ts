import { describe, expect, test } from 'vitest'
import { isUuidV7, uuidBytes, uuidv7 } from './ids.js'

describe('uuidv7', () => {
  test('ids of one process ascend, many in one millisecond included', () => {
    const ids = Array.from({ length: 20_000 }, () => uuidv7())
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('carries the time, the version and the variant', () => {
    const before = Date.now()
    const id = uuidv7()
    expect(isUuidV7(id)).toBe(true)
    const bytes = uuidBytes(id)
    expect(bytes).toHaveLength(16)
    expect(bytes.readUIntBE(0, 6)).toBeGreaterThanOrEqual(before)
  })
})
