import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { rolldown } from 'rolldown'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeCheckpointStore, sampleNote } from '../../test/checkpoint-store-contract.js'
import { LONG_ROOT } from '../../test/long-root.js'
import { openDirectoryCheckpointStore } from './directory-checkpoint-store.js'

const log = {
  organizationId: '0199c1d2-0000-7000-8000-000000000001',
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
}
const notes = join('organizations', log.organizationId, log.incarnation)

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'lexcustis-checkpoints-'))

describeCheckpointStore('directory', async () => {
  const folder = await newFolder()
  return {
    open: () => openDirectoryCheckpointStore(join(folder, 'not', 'there', 'yet')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
})

describe('the directory', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await newFolder()
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('is made by as many as start at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const place = join(folder, `${round}`, 'not', 'there', 'yet')
      await Promise.all(Array.from({ length: 8 }, () => openDirectoryCheckpointStore(place)))
    }
  })

  test('bounds its folders, and leaves no temporary file behind', async () => {
    const store = await openDirectoryCheckpointStore(folder)
    for (let size = 995n; size < 2010n; size += 5n) await store.put(log, size, sampleNote(size))
    expect(await readdir(join(folder, notes))).toEqual(['0000000000'])
    const groups = join(folder, notes, '0000000000', '000')
    expect(await readdir(groups)).toEqual(['000', '001', '002'])
    expect(await readdir(join(groups, '000'))).toEqual(['0000000000000000995.note'])
    expect(await readdir(join(groups, '001'))).toHaveLength(200)
  })

  test('what a crash leaves is not read: half a file, and a folder without its note', async () => {
    const store = await openDirectoryCheckpointStore(folder)
    await store.put(log, 7n, sampleNote(7n))
    const groups = join(folder, notes, '0000000000')
    await writeFile(join(groups, '000', '000', '.1234.tmp'), 'half')
    await writeFile(join(groups, '000', '000', '0000000000000000009.note.swp'), 'foreign')
    await mkdir(join(groups, '001', '000'), { recursive: true })
    await mkdir(join(folder, notes, '0000000001'))
    await mkdir(join(folder, 'organizations', 'lost+found'))
    expect(await store.newest(log)).toBe(sampleNote(7n))
    const found = []
    for await (const each of store.logs()) found.push(each)
    expect(found).toEqual([log])
    const empty = { ...log, incarnation: '0199c1d3-0000-7000-8000-00000000000a' }
    await mkdir(join(folder, 'organizations', log.organizationId, empty.incarnation))
    expect(await store.incarnations(log.organizationId)).toEqual([log.incarnation])
  })

  test('goes on when somebody removed its folders', async () => {
    const store = await openDirectoryCheckpointStore(folder)
    await store.put(log, 1n, sampleNote(1n))
    await rm(join(folder, 'organizations'), { recursive: true })
    await expect(store.put(log, 2n, sampleNote(2n))).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('ENOENT') as string,
    })
    await store.put(log, 2n, sampleNote(2n))
    expect(await store.newest(log)).toBe(sampleNote(2n))
  })

  test('a file where a folder has to be is UNAVAILABLE and named', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(openDirectoryCheckpointStore(join(folder, 'file'))).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('EEXIST') as string,
    })
    const store = await openDirectoryCheckpointStore(folder)
    await writeFile(join(folder, 'deployment'), '')
    await expect(store.putEntry(0n, 'leaf')).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('ENOTDIR') as string,
    })
    await expect(store.newest('deployment')).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })

  test.skipIf(process.getuid?.() === 0)('a folder without permission is named', async () => {
    chmodSync(folder, 0o500)
    await expect(openDirectoryCheckpointStore(folder)).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('EACCES') as string,
    })
    chmodSync(folder, 0o700)
  })

  test.skipIf(!existsSync('/proc/self'))(
    'a file system that takes no folder is named',
    async () => {
      await expect(openDirectoryCheckpointStore('/proc/not/there')).rejects.toMatchObject({
        reason: 'UNAVAILABLE',
        message: expect.stringContaining('ENOENT') as string,
      })
    },
  )

  test('a writer that is killed at any moment leaves whole notes only', async () => {
    const program = join(folder, 'writer.mjs')
    const bundle = await rolldown({
      input: join(import.meta.dirname, '../../test/checkpoint-writer.ts'),
      platform: 'node',
      resolve: { conditionNames: ['lexcustis-source', 'node', 'import'] },
    })
    await bundle.write({ file: program, format: 'esm' })
    for (const afterMs of [1, 10, 25, 60]) {
      const child = spawn(process.execPath, [program, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      await pause(afterMs)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const store = await openDirectoryCheckpointStore(folder)
    const files = readdirSync(join(folder, notes), { recursive: true, encoding: 'utf8' })
    const sizes = files.flatMap((name) => /(\d{19})\.note$/.exec(name)?.[1] ?? [])
    expect(sizes.length).toBeGreaterThan(0)
    for (const size of sizes.map(BigInt)) {
      expect((await store.get(log, size)) === sampleNote(size, LONG_ROOT)).toBe(true)
    }
  })
})
