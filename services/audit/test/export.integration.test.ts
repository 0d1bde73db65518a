import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatMicros, systemClock, type TenantContext, uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../src/audit-log.js'
import type { ExportDeps } from '../src/domain/export/export-bundle.js'
import type { Exporter } from '../src/domain/export/exporter.js'
import type { ExportRequest } from '../src/domain/export/request.js'
import { openExport } from '../src/export.js'
import { type AuditDatabase, reasonOf, signingKeys, startAuditDatabase } from './audit-database.js'
import { ErasureWorld } from './erasure-world.js'

let database: AuditDatabase
let log: AuditLog
let folder: string
let exporter: Exporter

beforeAll(async () => {
  database = await startAuditDatabase()
  log = database.open()
  exporter = open()
  folder = await mkdtemp(join(tmpdir(), 'lexcustis-export-'))
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const SECOND_VERIFIER = fileURLToPath(
  new URL('../../../tools/second-verifier/verify.py', import.meta.url),
)
const run = promisify(execFile)
const hasPython = await run('python3', ['--version']).then(
  () => true,
  () => false,
)

const ALL: ExportRequest = { from: '', to: '', previous: 0n, resumeAt: 0n }

function open(change: (deps: ExportDeps) => ExportDeps = (deps) => deps): Exporter {
  return openExport(log, { origin: 'test.local', signingKeys, clock: systemClock, change })
}

/** Member → bytes, in the order of the stream. */
type Bundle = Map<string, Buffer>

async function exported(
  who: TenantContext,
  request: Partial<ExportRequest> = {},
  use: Exporter = exporter,
): Promise<Bundle> {
  const bundle: Bundle = new Map()
  const signal = new AbortController().signal
  for await (const { member, data } of use(who, { ...ALL, ...request }, signal)) {
    bundle.set(member, Buffer.concat([bundle.get(member) ?? Buffer.alloc(0), data]))
  }
  return bundle
}

interface Verdict {
  readonly exit: number
  readonly failures: readonly { readonly code: string }[]
  readonly holds: readonly string[]
  readonly notes: readonly string[]
  readonly not_checked: readonly string[]
}

let bundles = 0

/** What the second verifier, which was written from SPEC.md alone, says of a bundle. */
async function second(bundle: Bundle, org: string, previous?: string): Promise<Verdict> {
  bundles += 1
  const path = join(folder, String(bundles))
  for (const [member, bytes] of bundle) {
    await mkdir(dirname(join(path, member)), { recursive: true })
    await writeFile(join(path, member), bytes)
  }
  const note = join(folder, `${bundles}.note`)
  if (previous !== undefined) await writeFile(note, previous)
  const keys = (await log.checkpoints.vkeys(org)).flatMap((vkey) => ['--key', vkey])
  const given = previous === undefined ? [] : ['--previous', note]
  const { stdout } = await run('python3', [
    SECOND_VERIFIER,
    path,
    ...keys,
    ...given,
    '--json',
  ]).catch((error: unknown) => error as { stdout: string })
  return JSON.parse(stdout) as Verdict
}

/** Both verifiers accept it. */
async function expectValid(bundle: Bundle, org: string, previous?: string): Promise<void> {
  if (!hasPython) return
  const { failures, exit } = await second(bundle, org, previous)
  expect({ failures, exit }).toEqual({ failures: [], exit: 0 })
}

const newWorld = (): ErasureWorld => ErasureWorld.open(database, log)

const now = (): string => formatMicros(systemClock.nowMicros())

function linesOf(bundle: Bundle, member: string): Record<string, unknown>[] {
  const text = bundle.get(member)?.toString() ?? ''
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

interface Manifest {
  readonly kind: string
  readonly tree_size: string
  readonly range?: { readonly first: string; readonly end: string }
  readonly counts: Readonly<Record<string, number>>
  readonly members: Readonly<Record<string, object>>
}

const manifestOf = (bundle: Bundle): Manifest =>
  JSON.parse(String(bundle.get('manifest.json'))) as Manifest

describe('an export of everything', () => {
  test('holds every record, and its own; nothing is in the bundle that SPEC.md does not name', async () => {
    const world = newWorld()
    const { start } = await world.chat(uuidv7(), 'What is Article 12? 😀\0\u2028"')
    const bundle = await exported(world.admin)
    await expectValid(bundle, world.org)
    const manifest = manifestOf(bundle)
    expect(manifest).toMatchObject({
      kind: 'full',
      tree_size: '4',
      counts: { records: 4, content: 3, erasures: 0, keys: 2, proofs: 0 },
    })
    expect(Object.keys(manifest.members).filter((path) => !path.startsWith('schemas/'))).toEqual([
      'SPEC.md',
      'checkpoint.note',
      'content.jsonl',
      'erasures.jsonl',
      'keys.jsonl',
      'records.jsonl',
    ])
    expect([...bundle.keys()].slice(-2)).toEqual(['manifest.json', 'manifest.sig'])
    expect(linesOf(bundle, 'content.jsonl')[0]).toMatchObject({
      seq: String(start.sequence),
      field: 'prompt',
      value: 'What is Article 12? 😀\0\u2028"',
    })
    const own = await log.entries.get(world.org, { sequence: 3n })
    expect(JSON.parse(String(own.canonical))).toMatchObject({
      type: 'dossier.exported',
      attrs: { kind: 'full' },
      actor: { kind: 'user', role: 'admin', pid: await world.pidOf(world.admin.userId) },
    })
  })
})

void reasonOf
void now
