import { createHash } from 'node:crypto'
import { kib } from '@lexcustis/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemberWriter, type Part } from './member-writer.js'

async function written(parts: readonly Part[]) {
  const writer = new MemberWriter()
  const pieces: Buffer[] = []
  for await (const { data } of writer.write('a.jsonl', parts)) pieces.push(data)
  return { pieces, member: writer.members.get('a.jsonl') }
}

/** Texts around the size of a piece, and some several times as large. */
const part = fc.record({
  text: fc
    .tuple(fc.constantFrom('a', 'é', '😀'), fc.integer({ min: 0, max: 3 * kib(64) }))
    .map(([letter, count]) => letter.repeat(count)),
  isHeld: fc.boolean(),
})

test('pieces are what was written, hashed with what the receiver has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
      const { pieces, member } = await written(parts)
      const all = Buffer.from(parts.map(({ text }) => text).join(''))
      const sent = Buffer.from(parts.map(({ text, isHeld }) => (isHeld ? '' : text)).join(''))
      expect(Buffer.concat(pieces).equals(sent)).toBe(true)
      expect(member).toEqual({
        sha256: createHash('sha256').update(all).digest('hex'),
        bytes: all.length,
      })
      for (const piece of pieces.slice(0, -1)) expect(piece.length).toBe(kib(64))
      expect(pieces.at(-1)?.length).toBeLessThan(kib(64))
    }),
    { numRuns: 60 },
  )
})

test('a member without a byte is sent as one', async () => {
  const { pieces, member } = await written([])
  expect(pieces).toEqual([Buffer.alloc(0)])
  expect(member?.bytes).toBe(0)
})

test('a member that did not come to its end is not listed', async () => {
  const writer = new MemberWriter()
  for await (const piece of writer.write('a.jsonl', [{ text: 'x'.repeat(kib(200)) }])) {
    expect(piece.member).toBe('a.jsonl')
    break
  }
  expect([...writer.members]).toEqual([])
})
