import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDirectoryAnchorProgress } from './directory-anchor-progress.js'

const log = {
  organizationId: '0199c1d2-0000-7000-8000-000000000001',
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
}
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lexcustis-progress-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('keeps the last delivery of each witness and log over a restart', async () => {
  const progress = createDirectoryAnchorProgress(folder)
  const last = { size: 2n ** 40n, atMicros: 1_700_000_000_123_456n }
  expect(await progress.read('webhook', log)).toBeUndefined()
  await progress.write('webhook', log, { size: 1n, atMicros: 1n })
  await progress.write('webhook', log, last)
  await progress.write('webhook', 'deployment', { size: 2n, atMicros: 3n })
  const again = createDirectoryAnchorProgress(folder)
  expect(await again.read('webhook', log)).toEqual(last)
  expect(await again.read('webhook', 'deployment')).toEqual({ size: 2n, atMicros: 3n })
  expect(await again.read('bucket', log)).toBeUndefined()
  expect(await readdir(join(folder, 'webhook', 'organizations', log.organizationId))).toEqual([
    log.incarnation,
  ])
})

test.each(['', '5', '5 6', '-5 6\n', '5 6\n7', '\0\0\0\0\0\0'])(
  'a torn file %j means delivering again',
  async (content) => {
    const progress = createDirectoryAnchorProgress(folder)
    await progress.write('webhook', 'deployment', { size: 2n, atMicros: 3n })
    await writeFile(join(folder, 'webhook', 'deployment'), content)
    expect(await progress.read('webhook', 'deployment')).toBeUndefined()
  },
)

test('many writers at once leave one whole file', async () => {
  const progress = createDirectoryAnchorProgress(folder)
  const sizes = Array.from({ length: 50 }, (_, index) => BigInt(index))
  await Promise.all(sizes.map((size) => progress.write('w', log, { size, atMicros: size })))
  const kept = await progress.read('w', log)
  expect(kept?.size).toBe(kept?.atMicros)
  expect(kept).toBeDefined()
})

test('a folder that cannot be used is UNAVAILABLE and named', async () => {
  await writeFile(join(folder, 'file'), '')
  const progress = createDirectoryAnchorProgress(join(folder, 'file'))
  const expected = { reason: 'UNAVAILABLE', message: expect.stringContaining('ENOTDIR') as string }
  await expect(progress.write('w', log, { size: 1n, atMicros: 1n })).rejects.toMatchObject(expected)
  await expect(progress.read('w', log)).rejects.toMatchObject(expected)
})
