import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { formatMicros, parseMicros, systemClock, uuidv7 } from '@lexcustis/core'
import { formatVkey } from '@lexcustis/evidence'
import { AuditExportDefinition } from '@lexcustis/proto/audit'
import {
  createRpcClient,
  createTenantTokenVerifier,
  deadlineIn,
  serviceNameOf,
  startRpcServer,
} from '@lexcustis/rpc'
import { createTestCertificates, createTestTenantKeys } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOW } from '../src/allow.js'
import type { AuditLog } from '../src/audit-log.js'
import type { ExportDeps } from '../src/domain/export/export-bundle.js'
import type { Exporter } from '../src/domain/export/exporter.js'
import type { ExportRequest } from '../src/domain/export/request.js'
import { createEpoch, singleEpoch } from '../src/domain/master-keys.js'
import { originOf, signersFor } from '../src/domain/signing/log-keys.js'
import { createSigningKeys } from '../src/domain/signing-keys.js'
import { openExport } from '../src/export.js'
import { exportService } from '../src/handlers/export.js'
import {
  append,
  type AuditDatabase,
  createTestSigningKey,
  input,
  masterKey,
  reasonOf,
  signingKeys,
  startAuditDatabase,
} from './audit-database.js'
import { ErasureWorld } from './erasure-world.js'
import {
  ALL,
  type Bundle,
  contentOf,
  exported,
  hasPython,
  linesOf,
  manifestOf,
  now,
  type Verdict,
  verdicts,
} from './export-world.js'
import { RetentionWorld } from './retention-world.js'

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

function open(change: (deps: ExportDeps) => ExportDeps = (deps) => deps, from = log): Exporter {
  return openExport(from, { origin: 'test.local', signingKeys, clock: systemClock, change })
}

const newWorld = (): ErasureWorld => ErasureWorld.open(database, log)

async function checked(bundle: Bundle, org: string, previous?: string): Promise<Verdict[]> {
  return [...(await verdicts(folder, bundle, await log.checkpoints.vkeys(org), previous))]
}

async function expectValid(bundle: Bundle, org: string, previous?: string): Promise<void> {
  for (const { failures, exit } of await checked(bundle, org, previous)) {
    expect({ failures, exit }).toEqual({ failures: [], exit: 0 })
  }
}

/** Chats, a period, chats, another; each with a record right before and behind it. */
async function worldWithPeriod() {
  const world = newWorld()
  const [subject, other] = [uuidv7(), uuidv7()]
  await world.chat(other, 'before')
  await pause(2)
  const from = now()
  const inside = await world.chat(subject, 'within')
  await pause(2)
  const to = now()
  await pause(2)
  const after = await world.chat(other, 'after')
  return { world, subject, other, from, to, inside, after }
}

test.skipIf(hasPython)('the second verifier is not run: there is no python3', () => undefined)

describe('an export of everything', () => {
  test('holds every record, its own too, and the page that verifies it', async () => {
    const world = newWorld()
    const text = 'What is Article 12? 😀\0\u2028"\\ e\u0301'
    const { start } = await world.chat(uuidv7(), text)
    const bundle = await exported(exporter, world.admin)
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
      'verify.html',
    ])
    expect([...bundle.keys()].slice(-2)).toEqual(['manifest.json', 'manifest.sig'])
    expect(contentOf(bundle)[`${start.sequence}/prompt`]).toBe(text)
    const own = await log.entries.get(world.org, { sequence: 3n })
    expect(JSON.parse(String(own.canonical))).toMatchObject({
      type: 'dossier.exported',
      attrs: { kind: 'full' },
      actor: { kind: 'user', role: 'admin', pid: await world.pidOf(world.admin.userId) },
    })
  })

  test('of many pages and long values verifies, and comes in pieces', async () => {
    const world = newWorld()
    await Promise.all(
      Array.from({ length: 600 }, async (_, n) =>
        append(
          log,
          world.org,
          input({ content: n % 7 === 0 ? [{ field: 'rationale', value: `value ${n}` }] : [] }),
        ),
      ),
    )
    const long = `"\n`.repeat(1_000_000)
    for (let n = 0; n < 3; n += 1) await world.chat(uuidv7(), long)
    const bundle = await exported(exporter, world.admin)
    await expectValid(bundle, world.org)
    expect(manifestOf(bundle).counts).toMatchObject({ records: 608, content: 86 + 9 })
    expect(Object.values(contentOf(bundle)).filter((value) => value === long)).toHaveLength(3)
  })

  test('of an organisation that has done nothing holds its genesis and the export', async () => {
    const world = newWorld()
    const bundle = await exported(exporter, world.admin)
    await expectValid(bundle, world.org)
    expect(manifestOf(bundle)).toMatchObject({ kind: 'full', tree_size: '2' })
  })

  test('is the tenant’s alone: of no other organisation, and under no other key', async () => {
    const [one, two] = [newWorld(), newWorld()]
    await one.chat(uuidv7(), 'secret of one')
    await two.chat(uuidv7(), 'secret of two')
    const bundle = await exported(exporter, two.admin)
    await expectValid(bundle, two.org)
    for (const bytes of bundle.values()) {
      expect(bytes.includes(one.org)).toBe(false)
      expect(bytes.includes('secret of one')).toBe(false)
    }
    for (const { exit } of await checked(bundle, one.org)) expect(exit).not.toBe(0)
  })

  test('that was changed by one byte does not verify', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    const bundle = await exported(exporter, world.admin)
    for (const member of bundle.keys()) {
      if (member.startsWith('schemas/')) continue
      const bytes = Buffer.from(bundle.get(member) ?? Buffer.alloc(0))
      if (bytes.length === 0) continue
      const at = Math.floor(bytes.length / 2)
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      const changed = new Map(bundle).set(member, bytes)
      for (const { exit } of await checked(changed, world.org)) expect(exit, member).not.toBe(0)
    }
  })
})

describe('an export of a period', () => {
  test('has the records of the period, and proves that these are all', async () => {
    const { world, from, to, inside, after } = await worldWithPeriod()
    const bundle = await exported(exporter, world.admin, { from, to })
    await expectValid(bundle, world.org)
    const [first, end] = [inside.start.sequence, inside.end.sequence + 1n]
    expect(manifestOf(bundle)).toMatchObject({
      kind: 'range',
      range: { first: String(first), end: String(end) },
      period: { from, to },
      counts: { records: 5, proofs: 3 },
    })
    expect(linesOf(bundle, 'records.jsonl').map(({ seq }) => seq)).toEqual(
      [0n, first - 1n, first, first + 1n, end].map(String),
    )
    // What stands beside the period was not asked for.
    expect(contentOf(bundle)).toEqual({
      [`${first - 1n}/response`]: '<outside_period>',
      [`${first - 1n}/passages`]: '<outside_period>',
      [`${first}/prompt`]: 'within',
      [`${first + 1n}/response`]: 'answer to within',
      [`${first + 1n}/passages`]: '[]',
      [`${after.start.sequence}/prompt`]: '<outside_period>',
    })
    for (const { not_checked } of await checked(bundle, world.org)) {
      expect(not_checked.join()).not.toMatch(/period/i)
    }
  })

  test.each(['between two records', 'before the first', 'up to the newest'])(
    'in which nothing happened, %s, shows that',
    async (where) => {
      const world = newWorld()
      const early = now()
      await pause(2)
      await world.chat(uuidv7())
      await pause(2)
      const from = where === 'before the first' ? '2001-01-01T00:00:00Z' : now()
      await pause(2)
      const to = where === 'before the first' ? early : now()
      await pause(2)
      if (where === 'between two records') await world.chat(uuidv7())
      const bundle = await exported(exporter, world.admin, { from, to })
      await expectValid(bundle, world.org)
      const { range } = manifestOf(bundle)
      expect(range.first).toBe(range.end)
      expect(range.first).toBe(where === 'before the first' ? '0' : '3')
      expect(
        Object.values(contentOf(bundle)).every((value) => /^<outside/.test(String(value))),
      ).toBe(true)
    },
  )

  test('that has not ended goes up to the newest record, and says what is open', async () => {
    const { world, from, after } = await worldWithPeriod()
    const to = formatMicros(systemClock.nowMicros() + 3_600_000_000n)
    const bundle = await exported(exporter, world.admin, { from, to })
    await expectValid(bundle, world.org)
    const { range, tree_size } = manifestOf(bundle)
    expect(range.end).toBe(tree_size)
    expect(contentOf(bundle)[`${after.end.sequence}/response`]).toBe('answer to after')
    for (const { not_checked } of await checked(bundle, world.org)) {
      expect(not_checked.join()).toMatch(/period/i)
    }
  })

  test('is half-open to the microsecond: from is in it, to is not', async () => {
    const { world, inside, after } = await worldWithPeriod()
    const timeOf = async (sequence: bigint) => {
      const { canonical } = await log.entries.get(world.org, { sequence })
      return (JSON.parse(String(canonical)) as { recorded_at: string }).recorded_at
    }
    const from = await timeOf(inside.start.sequence)
    const to = await timeOf(after.start.sequence)
    const first = await exported(exporter, world.admin, { from, to })
    await expectValid(first, world.org)
    expect(manifestOf(first).range).toEqual({
      first: String(inside.start.sequence),
      end: String(after.start.sequence),
    })
    const later = (text: string) => formatMicros((parseMicros(text) ?? 0n) + 1n)
    const second = await exported(exporter, world.admin, { from: later(from), to: later(to) })
    await expectValid(second, world.org)
    expect(manifestOf(second).range).toEqual({
      first: String(inside.start.sequence + 1n),
      end: String(after.start.sequence + 1n),
    })
  })

  test('may be given with fewer digits, which are noughts', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    const times = { from: '2001-01-01T00:00:00Z', to: '2002-01-01T00:00:00.25Z' }
    const bundle = await exported(exporter, world.admin, times)
    await expectValid(bundle, world.org)
    expect(manifestOf(bundle).period).toEqual({
      from: '2001-01-01T00:00:00.000000Z',
      to: '2002-01-01T00:00:00.250000Z',
    })
  })

  test.each([
    [{ from: '2026-01-01T00:00:00Z' }],
    [{ to: '2026-01-01T00:00:00Z' }],
    [{ from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    [{ from: '2026-02-30T00:00:00Z', to: '2026-03-01T00:00:00Z' }],
    [{ from: '2026-01-01T00:00:00+00:00', to: '2026-03-01T00:00:00Z' }],
    [{ from: '2026-01-01T00:00:00.1234567Z', to: '2026-03-01T00:00:00Z' }],
    [{ from: '2026-01-01', to: '2026-03-01' }],
    [{ from: '9000-01-01T00:00:00Z', to: '9001-01-01T00:00:00Z' }],
  ])('that is none is refused, and not recorded: %j', async (request) => {
    const world = newWorld()
    await world.chat(uuidv7())
    expect(await reasonOf(exported(exporter, world.admin, request))).toBe('INVALID_INPUT')
    const behind = { resumeAt: 1_000n }
    expect(await reasonOf(exported(exporter, world.admin, behind))).toBe('INVALID_INPUT')
    const { items } = await log.entries.list(world.org, {
      limit: 10,
      cursor: '',
      type: 'dossier.exported',
      ref: '',
    })
    expect(items).toEqual([])
  })
})

describe('a stream that is resumed', () => {
  test('gives, behind what the receiver has, the same records, and verifies', async () => {
    const { world, from, to } = await worldWithPeriod()
    const whole = await exported(exporter, world.admin, { from, to })
    const lines = String(whole.get('records.jsonl')).split('\n')
    for (const [index, resumeAt] of [4n, 3n, 0n, 1n].entries()) {
      const rest = await exported(exporter, world.admin, { from, to, resumeAt })
      const kept = lines.filter((line) => line && BigInt(seqOf(line)) < resumeAt)
      const got = linesOf(rest, 'records.jsonl')
      expect(got.every(({ seq }) => BigInt(String(seq)) >= resumeAt)).toBe(true)
      const held = kept.map((line) => `${line}\n`).join('')
      const records = Buffer.concat([Buffer.from(held), rest.get('records.jsonl')!])
      expect(records.equals(whole.get('records.jsonl')!), String(index)).toBe(true)
      await expectValid(new Map(rest).set('records.jsonl', records), world.org)
    }
  })

  test('of everything goes on with a log that has grown', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    const before = await exported(exporter, world.admin)
    await world.chat(uuidv7())
    const resumeAt = BigInt(manifestOf(before).tree_size)
    const rest = await exported(exporter, world.admin, { resumeAt })
    const records = Buffer.concat([before.get('records.jsonl')!, rest.get('records.jsonl')!])
    await expectValid(new Map(rest).set('records.jsonl', records), world.org)
  })
})

const seqOf = (line: string): string => (JSON.parse(line) as { seq: string }).seq

describe('an earlier checkpoint', () => {
  test.each(['full', 'range'])('is continued by a bundle that is %s', async (kind) => {
    const { world, from, to } = await worldWithPeriod()
    await log.checkpoints.signWaiting()
    const { note, size } = await log.checkpoints.newest(world.org)
    await world.chat(uuidv7())
    const period = kind === 'range' ? { from, to } : {}
    const bundle = await exported(exporter, world.admin, { ...period, previous: size })
    expect(String(bundle.get('previous.note'))).toBe(note)
    await expectValid(bundle, world.org, note)
    const other = newWorld()
    await other.chat(uuidv7())
    await log.checkpoints.signWaiting()
    const foreign = (await log.checkpoints.newest(other.org)).note
    for (const { failures } of await checked(bundle, world.org, foreign)) {
      expect(failures.map(({ code }) => code)).toEqual(['previous_origin'])
    }
  })

  test('that was never signed is not found, and nothing is recorded', async () => {
    const world = newWorld()
    expect(await reasonOf(exported(exporter, world.admin, { previous: 1n }))).toBe('NOT_FOUND')
    await world.chat(uuidv7())
    await log.checkpoints.signWaiting()
    expect(await reasonOf(exported(exporter, world.admin, { previous: 2n }))).toBe('NOT_FOUND')
    expect((await log.checkpoints.newest(world.org)).size).toBe(3n)
  })
})

describe('content that was erased', () => {
  test.each(['full', 'range'])(
    'is not in a bundle that is %s, and who said so is',
    async (kind) => {
      const { world, subject, from, to, inside } = await worldWithPeriod()
      const pid = await world.pidOf(subject)
      await world.erasure.erase(world.admin, world.request(subject, await world.approve(subject)))
      const period = kind === 'range' ? { from, to } : {}
      const bundle = await exported(exporter, world.admin, period)
      await expectValid(bundle, world.org)
      const [first, last] = [inside.start.sequence, inside.end.sequence]
      expect(linesOf(bundle, 'erasures.jsonl')).toMatchObject([
        { type: 'subject.erased', seqs: [`${first}-${last}`] },
      ])
      const values = Object.values(contentOf(bundle))
      expect(values).not.toContain('within')
      if (kind === 'full') expect(values).toContain('before')
      // The pseudonym stays where it was; what it stood for is gone.
      expect(String(pid)).toMatch(/./)
    },
  )

  test('beside the period has no line either', async () => {
    const { world, other, from, to } = await worldWithPeriod()
    await world.erasure.erase(world.admin, world.request(other, await world.approve(other)))
    const bundle = await exported(exporter, world.admin, { from, to })
    await expectValid(bundle, world.org)
    expect(Object.values(contentOf(bundle))).toEqual(['within', 'answer to within', '[]'])
  })

  test('in one field only leaves the others', async () => {
    const { world, subject, from, to } = await worldWithPeriod()
    const request = world.request(subject, await world.approve(subject), { fields: ['prompt'] })
    await world.erasure.erase(world.admin, request)
    const bundle = await exported(exporter, world.admin, { from, to })
    await expectValid(bundle, world.org)
    expect(Object.values(contentOf(bundle)).filter((v) => !/^</.test(String(v)))).toEqual([
      'answer to within',
      '[]',
    ])
  })

  test('without authority is missing, and both verifiers say so', async () => {
    const { world, inside } = await worldWithPeriod()
    await database.superuser.query(
      `DELETE FROM audit.audit_content WHERE organization_id = $1 AND sequence_number = $2`,
      [world.org, inside.start.sequence],
    )
    const bundle = await exported(exporter, world.admin)
    for (const { failures } of await checked(bundle, world.org)) {
      expect(failures.map(({ code }) => code)).toEqual(['content_missing'])
    }
  })
})

describe('an erasure while an export runs', () => {
  /** Runs `act` once, when the export has read content up to and with this record. */
  const afterReading = (sequence: bigint, act: () => Promise<unknown>): Exporter => {
    let isDone = false
    return open((deps) => ({
      ...deps,
      reader: {
        ...deps.reader,
        records: async (place, from, to, limit) => {
          const page = await deps.reader.records(place, from, to, 1 < limit ? 1 : limit)
          if (!isDone && from > sequence) {
            isDone = true
            await act()
          }
          return page
        },
      },
    }))
  }

  async function erase(world: ErasureWorld, subject: string): Promise<void> {
    await world.erasure.erase(world.admin, world.request(subject, await world.approve(subject)))
  }

  test('of what is out already ends the export of everything; the next one is right', async () => {
    const { world, subject, inside } = await worldWithPeriod()
    const racing = afterReading(inside.end.sequence, async () => erase(world, subject))
    expect(await reasonOf(exported(racing, world.admin))).toBe('UNAVAILABLE')
    const bundle = await exported(racing, world.admin)
    await expectValid(bundle, world.org)
    expect(Object.values(contentOf(bundle))).not.toContain('within')
  })

  test('of what is still to come is in the bundle', async () => {
    const { world, subject, inside } = await worldWithPeriod()
    const racing = afterReading(inside.start.sequence - 2n, async () => erase(world, subject))
    const bundle = await exported(racing, world.admin)
    await expectValid(bundle, world.org)
    expect(linesOf(bundle, 'erasures.jsonl')).toHaveLength(1)
    expect(Object.values(contentOf(bundle))).not.toContain('within')
  })

  test('that a period is halfway through leaves the rest withheld', async () => {
    const { world, subject, from, to, inside } = await worldWithPeriod()
    const racing = afterReading(inside.start.sequence, async () => erase(world, subject))
    const bundle = await exported(racing, world.admin, { from, to })
    await expectValid(bundle, world.org)
    expect(linesOf(bundle, 'erasures.jsonl')).toEqual([])
    expect(contentOf(bundle)).toMatchObject({
      [`${inside.start.sequence}/prompt`]: 'within',
      [`${inside.end.sequence}/response`]: '<erased_during_export>',
    })
  })

  test('behind the checkpoint leaves what it covers withheld', async () => {
    const world = newWorld()
    const subject = uuidv7()
    await world.chat(uuidv7())
    let calls = 0
    const racing = open((deps) => ({
      ...deps,
      covering: async (place, sequence, signal) => {
        calls += 1
        // Between reading and signing somebody writes, and between signing and reading is erased.
        const late = calls === 2 ? await world.chat(subject, 'late') : undefined
        const checkpoint = await deps.covering(place, sequence, signal)
        if (late) await erase(world, subject)
        return checkpoint
      },
    }))
    const bundle = await exported(racing, world.admin)
    await expectValid(bundle, world.org)
    expect(calls).toBe(2)
    const values = Object.values(contentOf(bundle))
    expect(values.filter((value) => value === '<erased_after_checkpoint>')).toHaveLength(3)
    expect(values).not.toContain('late')
  })

  test('records that are appended meanwhile are in it, with their content', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    let calls = 0
    const racing = open((deps) => ({
      ...deps,
      covering: async (place, sequence, signal) => {
        calls += 1
        if (calls === 2) await world.chat(uuidv7(), 'late')
        return deps.covering(place, sequence, signal)
      },
    }))
    const bundle = await exported(racing, world.admin)
    await expectValid(bundle, world.org)
    expect(Object.values(contentOf(bundle))).toContain('late')
  })
})

describe('keys', () => {
  test('of every rotation are listed and proven, in a period as well', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    await log.checkpoints.signWaiting()
    const rotated = createSigningKeys(createTestSigningKey(), signingKeys.current)
    const epochs = [
      createEpoch('mac-1', masterKey, 'verify_only'),
      createEpoch('mac-2', Buffer.alloc(32, 7), 'current'),
    ]
    const next = database.open({ signingKeys: rotated, epochs })
    const later = new ErasureWorld(database, next, world.erasure)
    Object.assign(later, { org: world.org, admin: world.admin })
    const from = now()
    await later.chat(uuidv7(), 'under new keys')
    await next.checkpoints.signWaiting()
    await next.checkpoints.signWaiting()
    const options = { origin: 'test.local', signingKeys: rotated, clock: systemClock }
    const to = formatMicros(systemClock.nowMicros() + 60_000_000n)
    for (const period of [{}, { from, to }]) {
      const bundle = await exported(openExport(next, options), world.admin, period)
      expect(
        linesOf(bundle, 'keys.jsonl')
          .map(({ use }) => use)
          .sort(),
      ).toEqual(['checkpoint', 'checkpoint', 'mac', 'mac'])
      const { log: place } = await next.checkpoints.newest(world.org)
      const vkeys = signersFor(originOf('test.local', place), rotated).map(formatVkey)
      for (const keys of [vkeys, vkeys.slice(0, 1), vkeys.slice(1)]) {
        for (const { failures } of await verdicts(folder, bundle, keys))
          expect(failures).toEqual([])
      }
    }
    // A replica that has only the old master key cannot record the export.
    const old = open((deps) => deps, database.open({ epochs: singleEpoch(masterKey) }))
    expect(await reasonOf(exported(old, world.admin))).toBe('UNAVAILABLE')
  })
})

test('what is locked with a master key that is not held here is withheld, not missing', async () => {
  const world = newWorld()
  await world.chat(uuidv7())
  const keyring = { wrappingKey: () => undefined }
  const bundle = await exported(
    open((deps) => ({ ...deps, keyring })),
    world.admin,
  )
  await expectValid(bundle, world.org)
  expect(Object.values(contentOf(bundle))).toEqual(Array(3).fill('<key_not_held>'))
})

describe('a pruned log', () => {
  test('exports as the range that is left, which a verifier accepts', async () => {
    await using world = RetentionWorld.open(database)
    await world.chat('old')
    await world.fill(300)
    await world.sign()
    await world.retention.set(world.admin, { id: uuidv7(), contentDays: 184, recordDays: 400 })
    world.clock.forward(1_000)
    await world.chat('young')
    await world.sign()
    await world.run()
    expect((await world.sequences()).length).toBeLessThan(300)
    const options = { origin: 'test.local', signingKeys, clock: world.clock }
    const pruned = openExport(world.log, options)
    const bundle = await exported(pruned, world.admin)
    await expectValid(bundle, world.org)
    expect(manifestOf(bundle).kind).toBe('range')
    expect(Object.values(contentOf(bundle))).toContain('young')
    const gone = { from: '2001-01-01T00:00:00Z', to: manifestOf(bundle).period.from }
    expect(await reasonOf(exported(pruned, world.admin, gone))).toBe('NOT_FOUND')
    const since = formatMicros(world.clock.nowMicros() - 86_400_000_000n)
    const left = { from: since, to: formatMicros(world.clock.nowMicros()) }
    await expectValid(await exported(pruned, world.admin, left), world.org)
  })
})

test('a log that is pruned while it is exported ends the export', async () => {
  await using world = RetentionWorld.open(database)
  await world.chat('old')
  await world.fill(300)
  await world.sign()
  await world.retention.set(world.admin, { id: uuidv7(), contentDays: 184, recordDays: 400 })
  world.clock.forward(1_000)
  await world.chat('young')
  await world.sign()
  let isRun = false
  const options = { origin: 'test.local', signingKeys, clock: world.clock }
  const racing = openExport(world.log, {
    ...options,
    change: (deps) => ({
      ...deps,
      reader: {
        ...deps.reader,
        keyRecords: async (...args) => {
          // All content is out, and the records are next.
          if (!isRun) await world.run()
          isRun = true
          return deps.reader.keyRecords(...args)
        },
      },
    }),
  })
  await expect(exported(racing, world.admin)).rejects.toThrow('pruned meanwhile')
  const bundle = await exported(openExport(world.log, options), world.admin)
  await expectValid(bundle, world.org)
  expect(manifestOf(bundle).kind).toBe('range')
})

describe('over gRPC', () => {
  test('members come in order to whoever is on the list, for the tenant of the token', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    const certificates = await createTestCertificates(['audit', 'gateway', 'rag'])
    const keys = await createTestTenantKeys()
    const server = await startRpcServer({
      host: '127.0.0.1',
      port: 0,
      tls: certificates.identity('audit'),
      allow: { [EXPORT_SERVICE]: ALLOW[EXPORT_SERVICE] ?? [] },
      verify: createTenantTokenVerifier(keys.jwks, 'audit'),
      services: [exportService({ exportBundle: exporter })],
      drainMs: 200,
    })
    const client = (name: string) =>
      createRpcClient(AuditExportDefinition, {
        address: `127.0.0.1:${server.port}`,
        peer: 'audit',
        tls: certificates.identity(name),
      })
    const collect = async (name: string, tenantToken?: string) => {
      const bundle: Bundle = new Map()
      const context = { tenantToken, deadline: deadlineIn(10_000) }
      for await (const { member, data } of client(name).exportPeriod(ALL, context)) {
        bundle.set(member, Buffer.concat([bundle.get(member) ?? Buffer.alloc(0), data]))
      }
      return bundle
    }
    const token = await keys.sign(world.admin, 'audit')
    await expectValid(await collect('gateway', token), world.org)
    expect(await reasonOf(collect('gateway'))).toBe('UNAUTHENTICATED')
    expect(await reasonOf(collect('rag', token))).toBe('FORBIDDEN')
    await server.drain()
  })
})

const EXPORT_SERVICE = serviceNameOf(AuditExportDefinition)

describe('an exporter', () => {
  const begin = (use: Exporter, world: ErasureWorld, request: Partial<ExportRequest> = {}) => {
    const stop = new AbortController()
    const pieces = use(world.admin, { ...ALL, ...request }, stop.signal)
    return { pieces, stop }
  }

  test('runs two at once and frees the place of one that is left', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    const own = open()
    const [one, two, three] = [begin(own, world), begin(own, world), begin(own, world)]
    await one.pieces.next()
    await two.pieces.next()
    await expect(three.pieces.next()).rejects.toMatchObject({
      reason: 'RATE_LIMITED',
      retryAfterMs: 10_000,
    })
    await one.pieces.return()
    const four = begin(own, world)
    await four.pieces.next()
    await two.pieces.return()
    await four.pieces.return()
    await expectValid(await exported(own, world.admin), world.org)
  })

  test('stops reading when the caller leaves', async () => {
    const world = newWorld()
    await Promise.all(Array.from({ length: 1_000 }, async () => append(log, world.org, input())))
    let reads = 0
    const counting = open((deps) => ({
      ...deps,
      reader: {
        ...deps.reader,
        records: async (...args) => {
          reads += 1
          if (reads === 2) stop.abort()
          return deps.reader.records(...args)
        },
      },
    }))
    const { pieces, stop } = begin(counting, world)
    await expect(
      (async () => {
        while (!(await pieces.next()).done);
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect(reads).toBe(2)
  })

  test('gives out nothing when the export cannot be recorded or signed', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    const failing = (change: Partial<ExportDeps>) => open((deps) => ({ ...deps, ...change }))
    const refuse = async (): Promise<never> => Promise.reject(new Error('down'))
    for (const change of [{ recordExport: refuse }, { covering: refuse }]) {
      const { pieces } = begin(failing(change), world)
      await expect(pieces.next()).rejects.toThrow('down')
    }
  })

  test('does not sign a manifest whose checkpoint is not signed by a key of its own', async () => {
    const world = newWorld()
    await world.chat(uuidv7())
    const foreign = createSigningKeys(createTestSigningKey())
    const use = open((deps) => ({
      ...deps,
      signersOf: (place) => signersFor(originOf('test.local', place), foreign),
    }))
    expect(await reasonOf(exported(use, world.admin))).toBe('UNAVAILABLE')
  })
})
