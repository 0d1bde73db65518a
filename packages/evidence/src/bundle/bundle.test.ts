import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildBundle, type Members } from '../../test/bundle-builder.js'
import { storyLog, VKEY } from '../../test/test-log.js'
import { writeZip, type ZipMember, type ZipOptions, zipOf } from '../../test/zip-writer.js'
import { EvidenceError } from '../failure.js'
import { verifyBundle } from '../verify/verify-bundle.js'
import type { Bundle } from './bundle.js'
import { openBundle } from './open-bundle.js'
import { openZipBundle } from './zip-bundle.js'

const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
let members: Members

beforeAll(async () => {
  members = await buildBundle({ log: storyLog(), kind: 'full' })
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

async function openBytes(bytes: Buffer): Promise<Bundle> {
  return openZipBundle({
    size: bytes.length,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > bytes.length) throw new Error('reads outside')
      return bytes.subarray(offset, offset + length)
    },
  })
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'nothing'
  } catch (error) {
    return error instanceof EvidenceError ? error.code : String(error)
  }
}

async function read(bundle: Bundle, path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bundle.open(path)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function writeFolder(name: string, files: ReadonlyMap<string, Uint8Array>): string {
  const root = join(folder, name)
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), bytes)
  }
  return root
}

const verify = async (bundle: Bundle) => verifyBundle(async () => bundle, { keys: [VKEY] })

describe('zips', () => {
  test.each<[string, Partial<ZipMember>, ZipOptions]>([
    ['deflated', {}, {}],
    ['stored', { isStored: true }, {}],
    ['with descriptors', { hasDescriptor: true }, {}],
    ['with 64-bit sizes', { isZip64: true }, { isZip64: true }],
  ])('%s', async (_, member, options) => {
    const bundle = await openBytes(zipOf(members, member, options))
    expect([...bundle.members.keys()]).toEqual([...members.keys()])
    for (const [path, bytes] of members) expect((await read(bundle, path)).equals(bytes)).toBe(true)
    expect((await verify(bundle)).failures).toEqual([])
  })

  test('of other programs', async () => {
    const root = writeFolder('python', members)
    const script = [
      'import os, sys, zipfile',
      'with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as z:',
      '    for base, _, files in os.walk(sys.argv[1]):',
      '        for name in files:',
      '            path = os.path.join(base, name)',
      '            z.write(path, os.path.relpath(path, sys.argv[1]))',
    ].join('\n')
    const zip = join(folder, 'python.zip')
    execFileSync('python3', ['-c', script, root, zip])
    expect((await verify(await openBundle(zip))).failures).toEqual([])
  })

  const one = (change: Partial<ZipMember>, options?: ZipOptions): Buffer =>
    writeZip(
      [
        { name: 'a.txt', data: Buffer.from('first '.repeat(50)) },
        { name: 'b.txt', data: Buffer.from('second '.repeat(50)), ...change },
      ],
      options,
    )
  const named = (...names: string[]): Buffer =>
    writeZip(names.map((name) => ({ name, data: Buffer.from(name) })))

  test.each<[string, string, () => Buffer]>([
    ['bundle_unsafe', 'a path upwards', () => named('../a')],
    ['bundle_unsafe', 'a path upwards in the middle', () => named('a/../b')],
    ['bundle_unsafe', 'an absolute path', () => named('/a')],
    ['bundle_unsafe', 'a drive', () => named('c:a')],
    ['bundle_unsafe', 'a backslash', () => named('a\\b')],
    ['bundle_unsafe', 'an empty part', () => named('a//b')],
    ['bundle_unsafe', 'a folder', () => named('a/')],
    ['bundle_unsafe', 'no name', () => named('')],
    ['bundle_unsafe', 'a dot', () => named('./a')],
    ['bundle_unsafe', 'dots', () => named('a/...')],
    ['bundle_unsafe', 'a name that is not ASCII', () => named('ä')],
    ['bundle_unsafe', 'U+0000', () => named('a\0b')],
    ['bundle_unsafe', 'a name twice', () => named('a', 'a')],
    ['bundle_unsafe', 'a name twice where case does not count', () => named('a', 'A')],
    ['bundle_unsafe', 'a file that is a folder', () => named('a', 'a/b')],
    ['bundle_unsafe', 'another local name', () => one({ localName: 'c.txt' })],
    ['bundle_unsafe', 'another local size', () => one({ localBytes: 7 })],
    ['bundle_unsafe', 'another local CRC', () => one({ localCrc: 7 })],
    ['bundle_unsafe', 'encryption', () => one({ flags: 0x801 })],
    ['bundle_unsafe', 'patches', () => one({ flags: 0x820 })],
    ['bundle_unsafe', 'another method', () => one({ method: 12 })],
    ['bundle_unsafe', 'stored with two sizes', () => one({ isStored: true, bytes: 7 })],
    ['bundle_unsafe', 'a link', () => one({ attributes: 0o120777 })],
    ['bundle_unsafe', 'a device', () => one({ attributes: 0o020666 })],
    ['bundle_unsafe', 'a folder by its attributes', () => one({ attributes: 0o040755 })],
    ['bundle_unsafe', 'bytes after a member', () => one({ gap: Buffer.from('x') })],
    ['bundle_unreadable', 'a comment', () => one({}, { comment: 'x' })],
    [
      'bundle_unsafe',
      'bytes before the first member',
      () => one({}, { before: Buffer.from('#!') }),
    ],
    ['bundle_unreadable', 'bytes after the end', () => Buffer.concat([one({}), Buffer.from('x')])],
    ['bundle_unreadable', 'another number of entries', () => one({}, { entries: 3 })],
    ['bundle_unreadable', 'nothing', () => Buffer.alloc(0)],
    ['bundle_unreadable', 'no zip', () => Buffer.alloc(1_000)],
    ['bundle_unreadable', 'half a zip', () => one({}).subarray(0, 200)],
  ])('%s: %s', async (code, _, make) => {
    expect(await codeOf(async () => openBytes(make()))).toBe(code)
  })

  test('bundle_unsafe: two members that share their bytes', async () => {
    const bytes = named('a', 'b')
    // The second entry of the directory points at the first member.
    const second = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
    bytes.writeUInt32LE(0, second + 42)
    expect(await codeOf(async () => openBytes(bytes))).toMatch(/^bundle_(unsafe|unreadable)$/)
  })

  test.each<[string, Partial<ZipMember>]>([
    ['another CRC', { crc: 7 }],
    ['less than it says', { bytes: 1_000 }],
    ['more than it says', { bytes: 7 }],
    ['data after its end', { packedTail: Buffer.from('x') }],
  ])('member_unreadable: %s', async (_, change) => {
    const bundle = await openBytes(one(change))
    expect((await read(bundle, 'a.txt')).length).toBe(300)
    expect(await codeOf(async () => read(bundle, 'b.txt'))).toBe('member_unreadable')
  })

  test('member_hash: a zip bomb is unpacked no further than the manifest says', async () => {
    const data = Buffer.alloc(200_000_000)
    const bomb = zipOf(new Map([...members, ['records.jsonl', data]]))
    expect(bomb.length).toBeLessThan(400_000)
    const before = process.memoryUsage().rss
    const report = await verify(await openBytes(bomb))
    expect(report.failures).toMatchObject([{ code: 'member_hash', member: 'records.jsonl' }])
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })

  test('no single byte of a zip can be changed so that it means something else', async () => {
    const zip = zipOf(members)
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: zip.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (place, flip) => {
          const bytes = Buffer.from(zip)
          bytes[place]! ^= flip
          const report = await verifyBundle(async () => openBytes(bytes), { keys: [VKEY] })
          // Times and attributes may differ; then every member is still what it was.
          if (report.result === 'valid') {
            const bundle = await openBytes(bytes)
            expect([...bundle.members.keys()].sort()).toEqual([...members.keys()].sort())
          }
          expect(report.failures.map(({ code }) => code)).not.toContain('internal')
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('folders', () => {
  test('a valid one', async () => {
    const root = writeFolder('valid', members)
    expect((await verify(await openBundle(root))).failures).toEqual([])
    symlinkSync(root, join(folder, 'link'))
    expect((await verify(await openBundle(join(folder, 'link')))).failures).toEqual([])
  })

  test('member_unlisted: a hidden file counts', async () => {
    const root = writeFolder('hidden', new Map([...members, ['.hidden', Buffer.from('x')]]))
    const { failures } = await verify(await openBundle(root))
    expect(failures).toMatchObject([{ code: 'member_unlisted', member: '.hidden' }])
  })

  test('bundle_unsafe: links and pipes, wherever they lead', async () => {
    const root = writeFolder('links', members)
    symlinkSync('records.jsonl', join(root, 'link'))
    expect(await codeOf(async () => openBundle(root))).toBe('bundle_unsafe')
    const pipes = writeFolder('pipes', members)
    execFileSync('mkfifo', [join(pipes, 'pipe')])
    expect(await codeOf(async () => openBundle(pipes))).toBe('bundle_unsafe')
  })

  test('bundle_unsafe: a name that is not allowed', async () => {
    const root = writeFolder('names', new Map([['a b', Buffer.from('x')]]))
    expect(await codeOf(async () => openBundle(root))).toBe('bundle_unsafe')
  })

  test('bundle_unreadable: nothing there, a device', async () => {
    expect(await codeOf(async () => openBundle(join(folder, 'nothing')))).toBe('bundle_unreadable')
    expect(await codeOf(async () => openBundle('/dev/null'))).toBe('bundle_unreadable')
  })
})
