import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBundle } from '../src/bundle/open-bundle.js'
import { FAILURE_CODES, RECORD_TYPES } from '../src/index.js'
import type { Report } from '../src/verify/report.js'
import { verifyBundle } from '../src/verify/verify-bundle.js'
import { linesOf } from './bundle-builder.js'
import { type GoldenEntry, type GoldenIndex, makeGoldenBundles } from './make-golden-bundles.js'
import { zipOf } from './zip-writer.js'

const ROOT = fileURLToPath(new URL('../vectors/bundles/', import.meta.url))
const README = readFileSync(new URL('../vectors/README.md', import.meta.url), 'utf8')
const { bundles } = JSON.parse(readFileSync(join(ROOT, 'index.json'), 'utf8')) as GoldenIndex

/** Codes that no bundle can provoke, whatever is in it; README.md says why. */
const UNPROVOKABLE = ['internal']

/** Path below the folder → bytes. */
function filesIn(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
  return new Map(files.map((path) => [path, readFileSync(join(folder, path))]))
}

async function verify({ keys, previous }: GoldenEntry, container: string): Promise<Report> {
  const options = {
    keys,
    ...(previous === undefined ? {} : { previous: readFileSync(join(ROOT, previous), 'utf8') }),
  }
  return verifyBundle(async () => openBundle(container), options)
}

function expectVerdict(report: Report, { result, exit, codes }: GoldenEntry): void {
  expect([...new Set(report.failures.map(({ code }) => code))].sort()).toEqual(codes)
  expect(report).toMatchObject({ result, exit })
}

describe('golden bundles', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'golden-bundles-'))
  })
  afterAll(async () => rm(folder, { recursive: true, force: true }))

  test.each(bundles.map((entry) => [entry.path, entry] as const))('%s', async (path, entry) => {
    expectVerdict(await verify(entry, join(ROOT, path)), entry)
  })

  const folders = bundles.filter(({ path }) => !path.endsWith('.zip'))
  test.each(folders.map((entry) => [entry.path, entry] as const))(
    '%s, as a zip',
    async (path, entry) => {
      const zip = join(folder, `${path.replaceAll('/', '-')}.zip`)
      await writeFile(zip, zipOf(filesIn(join(ROOT, path))))
      expectVerdict(await verify(entry, zip), entry)
    },
  )

  test('are what their sources make', async () => {
    const made = await makeGoldenBundles()
    const found = filesIn(ROOT)
    const hint = 'node tools/generate-vectors.mjs'
    expect([...found.keys()], hint).toEqual([...made.keys()].sort())
    const different = [...made].filter(([path, bytes]) => !bytes.equals(found.get(path)!))
    expect(
      different.map(([path]) => path),
      hint,
    ).toEqual([])
  })

  test('provoke every failure code that a bundle can provoke', () => {
    const provoked = new Set(bundles.flatMap(({ codes }) => codes))
    expect(FAILURE_CODES.filter((code) => !provoked.has(code))).toEqual(UNPROVOKABLE)
  })

  test('provoke every code alone, and at least once in a way that only this code names', () => {
    for (const { path, codes } of bundles.filter(({ path: at }) => at.startsWith('tampered/'))) {
      expect(path).toMatch(/^tampered\/[a-z_]+--[a-z0-9-]+(\.zip)?$/)
      expect(codes).toContain(path.split(/\/|--/)[1])
    }
    const alone = new Set(bundles.filter(({ codes }) => codes.length === 1).map((b) => b.codes[0]))
    const provokable = FAILURE_CODES.filter((code) => !UNPROVOKABLE.includes(code))
    expect(provokable.filter((code) => !alone.has(code))).toEqual([])
  })

  test('each has a name of its own, also as an earlier checkpoint', () => {
    const names = bundles.map(({ path }) => path.replace(/^.*\//, ''))
    expect(new Set(names).size).toBe(names.length)
  })

  test('README.md lists every bundle under its code, and what cannot be provoked', () => {
    for (const { path } of bundles) expect(README).toContain(`\`${path.replace(/^.*?\//, '')}\``)
    for (const code of FAILURE_CODES) expect(README).toContain(`\`${code}\``)
  })

  test('one holds every record type, with times and text that are easily lost', () => {
    const members = filesIn(join(ROOT, 'valid/full-every-type'))
    const texts = linesOf(members, 'records.jsonl').map(({ canonical }) =>
      Buffer.from(String(canonical), 'base64').toString(),
    )
    const records = texts.map((text) => JSON.parse(text) as Record<string, unknown>)
    expect(records.map(({ type }) => type)).toEqual(RECORD_TYPES)
    for (const { occurred_at: occurred, recorded_at: recorded } of records) {
      expect(occurred).toMatch(/\.\d{3}(?!000)\d{3}Z$/)
      expect(recorded).toMatch(/\.\d{3}(?!000)\d{3}Z$/)
    }
    const all = texts.join('\n')
    for (const part of ['\u2028', '𝄞', '\u{10ffff}', '\ufeff', '"9007199254740993"']) {
      expect(all).toContain(part)
    }
  })
})
