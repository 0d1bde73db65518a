import { uuidv7 } from '@lexcustis/core'
import type { Database } from '@lexcustis/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RetentionDeps } from '../src/domain/retention/apply.js'
import {
  startAuditDatabase,
  type AuditDatabase,
  input,
  append,
  reasonOf,
} from './audit-database.js'
import { openRetention } from '../src/retention.js'
import { RetentionWorld } from './retention-world.js'

let database: AuditDatabase
let retention: Database
let audit: Database

beforeAll(async () => {
  database = await startAuditDatabase()
  retention = database.as('audit_retention')
  audit = database.as('audit')
})
afterAll(async () => database[Symbol.asyncDispose]())

const SECRETS = 2

/** An organisation with 600 old records, four with content, and some young ones behind them. */
async function oldWorld(): Promise<RetentionWorld> {
  const world = RetentionWorld.open(database)
  for (let n = 0; n < SECRETS; n += 1) await world.chat(`secret ${n}`)
  await world.fill(600)
  await world.sign()
  await world.policy(184, 400)
  world.clock.forward(1_000)
  await world.fill(1)
  await world.sign()
  return world
}

type Moment = 'before' | 'after'

/** The process dies at its n-th call to the outside, before it is made or after it had its effect. */
function dyingAt(n: number, moment: Moment) {
  const state = { calls: 0, died: false }
  const guard =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      state.calls += 1
      if (state.died) throw new Error('killed')
      state.died = state.calls === n
      if (state.died && moment === 'before') throw new Error('killed')
      const result = await call(...args)
      if (state.died) throw new Error('killed')
      return result
    }
  const all = <T extends object>(port: T): T =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]) => [
        name,
        guard(call as (...args: unknown[]) => Promise<unknown>),
      ]),
    ) as T
  const change = (deps: RetentionDeps): RetentionDeps => ({
    ...deps,
    store: all(deps.store),
    eraser: all(deps.eraser),
    pruner: all(deps.pruner),
    checkpoints: all(deps.checkpoints),
    append: guard(deps.append),
  })
  return { state, change }
}

describe.each(['before', 'after'] as const)(
  'killed %s any step that changes something',
  (moment) => {
    test('the next run completes it, once', async () => {
      let n = 1
      for (; ; n += 1) {
        await using world = await oldWorld()
        const { state, change } = dyingAt(n, moment)
        await using dying = world.failing(change)
        const outcome = await reasonOf(dying.apply(world.admin, false))
        expect(outcome === 'OK', `call ${n}`).toBe(!state.died)
        // Whatever was left behind: nobody can tell it from a log that was tampered with.
        await world.sign()
        expect(await world.breaks(), `after call ${n}`).toEqual([])

        await world.run()
        await world.sign()
        expect(await world.breaks(), `call ${n}`).toEqual([])
        expect(await world.contentOf()).toEqual([])
        const left = await world.sequences()
        expect(left.filter((sequence) => sequence < 512)).toEqual([0])
        const types = await world.typesOf()
        expect(
          types.filter((type) => type === 'content.expired'),
          `call ${n}`,
        ).toHaveLength(1)
        expect(
          types.filter((type) => type === 'settings.changed'),
          `call ${n}`,
        ).toHaveLength(2)
        if (!state.died) break
      }
      // Not a loop that ended at once: a run makes that many calls at least.
      expect(n).toBeGreaterThan(8)
    }, 120_000)
  },
)

test('two replicas at once do it once', async () => {
  await using world = await oldWorld()
  await using other = world.failing((deps) => deps)
  await Promise.all([
    world.retention.apply(world.admin, false),
    other.apply(world.admin, false),
    other.applyAll(),
  ])
  await world.sign()
  expect(await world.breaks()).toEqual([])
  const types = await world.typesOf()
  expect(types.filter((type) => type === 'content.expired')).toHaveLength(1)
  expect(types.filter((type) => type === 'settings.changed')).toHaveLength(2)
})

test('the daily run serves every organisation, whatever happens to one of them', async () => {
  await using first = await oldWorld()
  await using second = await oldWorld()
  await tamper('UPDATE audit.audit_logs SET leaf = leaf, canonical = $3', first.org, 40, [
    Buffer.from('{}'),
  ])
  const failed: string[] = []
  const { clock, database: db, erasure, log } = second
  const moved = first.clock.nowMicros() > clock.nowMicros() ? first.clock : clock
  await using daily = openRetention(log, {
    databaseMicros: async () => moved.nowMicros(),
    retentionDatabaseUrl: db.postgres.url('audit_retention'),
    eraser: erasure.eraser,
    clock: moved,
    onFailed: (organizationId) => failed.push(organizationId),
  })
  await daily.applyAll()
  expect(failed).toContain(first.org)
  expect(failed).not.toContain(second.org)
  expect((await second.sequences()).filter((sequence) => sequence < 512)).toEqual([0])
  expect(await first.sequences()).toContain(41)
})

/** As the database superuser, with every trigger off. */
async function tamper(
  statement: string,
  organizationId: string,
  sequence: number,
  values: readonly unknown[] = [],
): Promise<void> {
  await database.superuser.transaction(async (tx) => {
    await tx.query(`SET LOCAL session_replication_role = 'replica'`)
    const place = [organizationId, sequence]
    const where = 'WHERE organization_id = $1 AND sequence_number = $2'
    await tx.query(`${statement} ${where}`, [...place, ...values])
  })
}

describe('a pruned log is broken by', () => {
  test.each([
    ['one more record gone', 'DELETE FROM audit.audit_logs', 550, '551 seq_gap'],
    [
      'the first record behind the minimum gone',
      'DELETE FROM audit.audit_logs',
      512,
      '513 seq_gap',
    ],
    ['the genesis gone', 'DELETE FROM audit.audit_logs', 0, '0 seq_gap'],
    [
      'a kept record with another leaf',
      `UPDATE audit.audit_logs SET leaf = sha256(leaf)`,
      0,
      '0 inclusion',
    ],
    [
      'the record gone that announced it',
      `DELETE FROM audit.audit_logs`,
      'announcement',
      '512 seq_gap',
    ],
    [
      'another minimum index in the table',
      `UPDATE audit.audit_pruning SET minimum_index = 256`,
      'table',
      '512 seq_gap',
    ],
    [
      'another MAC in the table',
      `UPDATE audit.audit_pruning SET previous_mac = sha256(previous_mac)`,
      'table',
      '512 mac_mismatch',
    ],
    ['the table emptied', `DELETE FROM audit.audit_pruning`, 'table', '512 seq_gap'],
    [
      'leaves of what was pruned replaced',
      `UPDATE audit.audit_tiles SET hashes = overlay(hashes PLACING sha256('x') FROM 33)`,
      'table',
      '- root_mismatch',
    ],
    ['tiles gone', `DELETE FROM audit.audit_tiles`, 'table', '0 inclusion'],
  ] as const)('%s', async (_, statement, where, code) => {
    await using world = await oldWorld()
    await world.run()
    await world.sign()
    expect(await world.breaks()).toEqual([])
    if (where === 'table') {
      await database.superuser.transaction(async (tx) => {
        await tx.query(`SET LOCAL session_replication_role = 'replica'`)
        await tx.query(`${statement} WHERE organization_id = $1`, [world.org])
      })
    } else {
      const sequences = await world.sequences()
      const announcement = sequences[(await world.typesOf()).lastIndexOf('settings.changed')]
      await tamper(statement, world.org, where === 'announcement' ? announcement! : where)
    }
    const breaks = await world.breaks()
    expect(breaks).toContain(code)
    expect(breaks).toContain('not valid')
  })

  test('a minimum index that the database made up, with everything else right', async () => {
    await using world = await oldWorld()
    const { incarnation } = (await world.log.checkpoints.newest(world.org)).log
    const last = (await world.sequences()).at(-1)
    await world.fill(10)
    const forged = await world.record('settings.changed', {
      changed: ['retention.minimum_index', 'retention.kept_records'],
      version: '256/1',
    })
    expect(forged.sequence).toBe(BigInt(last ?? 0) + 11n)
    await world.sign()
    await database.superuser.transaction(async (tx) => {
      await tx.query(`SET LOCAL session_replication_role = 'replica'`)
      await tx.query(
        `INSERT INTO audit.audit_pruning (organization_id, incarnation, minimum_index, kept_records,
           previous_mac, record_id, note)
         SELECT organization_id, incarnation, 256, 1, mac, $3, 'x' FROM audit.audit_logs
         WHERE organization_id = $1 AND incarnation = $2 AND sequence_number = 255`,
        [world.org, incarnation, forged.id],
      )
      await tx.query(
        `DELETE FROM audit.audit_logs
         WHERE organization_id = $1 AND sequence_number BETWEEN 1 AND 255`,
        [world.org],
      )
    })
    expect(await world.breaks()).toContain('256 seq_gap')
  })
})

describe('nothing is pruned', () => {
  test('by a service whose clock its database does not share', async () => {
    await using world = await oldWorld()
    await using alone = openRetention(world.log, {
      retentionDatabaseUrl: database.postgres.url('audit_retention'),
      eraser: world.erasure.eraser,
      clock: world.clock,
    })
    const before = await world.sequences()
    for (const isDryRun of [true, false]) {
      expect(await reasonOf(alone.apply(world.admin, isDryRun))).toBe('UNAVAILABLE')
    }
    expect(await reasonOf(alone.applyAll())).toBe('UNAVAILABLE')
    expect(await world.sequences()).toEqual(before)
  })

  test.each([
    ['of a log whose records were changed', `UPDATE audit.audit_logs SET canonical = '{}'`, 40],
    ['of a log with a hole', `DELETE FROM audit.audit_logs`, 40],
  ])('%s', async (_, statement, sequence) => {
    await using world = await oldWorld()
    await tamper(statement, world.org, sequence)
    expect(await reasonOf(world.run())).toBe('INTERNAL')
    expect((await world.sequences()).slice(0, 3)).toEqual([0, 1, 2])
    expect((await world.retention.get(world.org)).minimumIndex).toBe(0n)
  })

  test('of a log whose tiles say something else', async () => {
    await using world = await oldWorld()
    await database.superuser.transaction(async (tx) => {
      await tx.query(`SET LOCAL session_replication_role = 'replica'`)
      const sql = `UPDATE audit.audit_tiles SET hashes = overlay(hashes PLACING sha256('x') FROM 33)
        WHERE organization_id = $1`
      await tx.query(sql, [world.org])
    })
    expect(await reasonOf(world.run())).toBe('INTERNAL')
    expect((await world.sequences()).slice(0, 3)).toEqual([0, 1, 2])
  })

  test('without a checkpoint of it', async () => {
    await using world = RetentionWorld.open(database)
    await world.fill(600)
    await world.policy(184, 184)
    world.clock.forward(300)
    expect((await world.run()).records).toEqual({ count: 0n, minimumIndex: 0n })
    expect(await world.sequences()).toHaveLength(602)
  })

  test('of what an incident takes hold of while the announcement is being signed', async () => {
    await using world = await oldWorld()
    const { projection } = await world.log.entries.get(world.org, { sequence: 100n })
    const incident = { incident: 'i-1', entries: [projection.id] }
    await using slow = world.failing((deps) => ({
      ...deps,
      checkpoints: {
        ...deps.checkpoints,
        covering: async (...asked) => {
          const note = await deps.checkpoints.covering(...asked)
          await world.record('incident.opened', incident)
          return note
        },
      },
    }))
    const { records } = await slow.apply(world.admin, false)
    expect(records).toEqual({ count: 0n, minimumIndex: 0n })
    expect(await world.sequences()).toContain(100)
    await world.record('incident.closed', { incident: 'i-1' })
    await world.sign()
    expect((await world.run()).records.minimumIndex).toBe(512n)
    await world.sign()
    expect(await world.breaks()).toEqual([])
  })

  test('but a tile that its signer did not keep is kept first', async () => {
    await using world = await oldWorld()
    await database.superuser.transaction(async (tx) => {
      await tx.query(`SET LOCAL session_replication_role = 'replica'`)
      await tx.query('DELETE FROM audit.audit_tiles WHERE organization_id = $1', [world.org])
    })
    await world.run()
    await world.sign()
    expect((await world.retention.get(world.org)).minimumIndex).toBe(512n)
    expect(await world.breaks()).toEqual([])
  })
})

describe('the database itself', () => {
  const deletes = async (org: string, condition: string): Promise<unknown> =>
    retention
      .tenant(org, async (tx) =>
        tx.query(`DELETE FROM audit.audit_logs WHERE ${condition} RETURNING 1`),
      )
      .catch((error: unknown) => ((error as Error).cause as { code: string }).code)

  test('lets the retention role delete below the minimum index, and nothing else', async () => {
    await using world = await oldWorld()
    const theirs = uuidv7()
    await append(world.log, theirs, input())
    const published: string[] = []
    await using stopped = world.failing((deps) => ({
      ...deps,
      pruner: {
        deleteBelow: async () => {
          published.push('then')
          throw new Error('killed')
        },
      },
    }))
    await reasonOf(stopped.apply(world.admin, false))
    expect(published).toEqual(['then'])
    expect(await deletes(world.org, 'sequence_number = 512')).toBe('42501')
    expect(await deletes(world.org, 'sequence_number >= 511')).toBe('42501')
    expect(await deletes(world.org, 'sequence_number = 0')).toBe('42501')
    expect(await deletes(world.org, 'true')).toBe('42501')
    expect(await deletes(theirs, 'sequence_number = 1')).toBe('42501')
    // Row-level security: of another organisation nothing is even seen.
    expect(await deletes(theirs, `organization_id = '${world.org}'`)).toEqual([])
    expect(await deletes(world.org, 'sequence_number BETWEEN 1 AND 511')).toHaveLength(511)
    await world.sign()
    expect(await world.breaks()).toEqual([])
  })

  const publish = async (
    world: RetentionWorld,
    changes: { minimum?: number; mac?: string; record?: string } = {},
  ): Promise<string> => {
    const { minimum = 256, mac = 'mac', record } = changes
    const id = record ?? (await announced(world))
    return audit
      .tenant(world.org, async (tx) =>
        tx.query(
          `INSERT INTO audit.audit_pruning (organization_id, incarnation, minimum_index, kept_records,
             previous_mac, record_id, note)
           SELECT organization_id, incarnation, $2::int8, 1, ${mac}, $3::uuid, 'x' FROM audit.audit_logs
           WHERE organization_id = $1 AND sequence_number = $2::int8 - 1`,
          [world.org, minimum, id],
        ),
      )
      .then(
        () => 'published',
        (error: unknown) => ((error as Error).cause as Error).message,
      )
  }
  const announced = async (world: RetentionWorld): Promise<string> =>
    (await world.record('settings.changed', { changed: [] })).id

  test('refuses a minimum index that is wrong, whoever the service takes orders from', async () => {
    await using world = RetentionWorld.open(database)
    const early = await announced(world)
    await world.fill(600)
    world.clock.forward(183)
    await world.fill(1)
    expect(await publish(world)).toMatch(/six months/)
    world.clock.forward(2)
    await world.fill(1)
    expect(await publish(world, { record: early })).toMatch(/no record announces/)
    expect(await publish(world, { record: uuidv7() })).toMatch(/no record announces/)
    expect(await publish(world, { mac: 'sha256(mac)' })).toMatch(/previous_mac/)
    expect(await publish(world, { minimum: 257 })).toMatch(/check constraint/)
    expect(await publish(world, { minimum: 512 })).toBe('published')
    expect(await publish(world, { minimum: 256 })).toMatch(/does not go back/)
    expect(await publish(world, { minimum: 512 })).toMatch(/does not go back/)
  })

  test('refuses to prune records that still have content', async () => {
    await using world = RetentionWorld.open(database)
    await world.chat()
    await world.fill(300)
    world.clock.forward(300)
    await world.fill(1)
    expect(await publish(world)).toMatch(/content goes before/)
  })
})

test('a check that runs while the log is pruned finds it whole', async () => {
  await using world = await oldWorld()
  const codes: string[] = []
  let result: { isValid: boolean } | undefined
  for await (const event of world.log.verify(world.org)) {
    // Right after the check began, everything that it was about to read goes.
    if (event.kind === 'progress' && event.checked === 0n && result === undefined) {
      await world.run()
      await world.sign()
    }
    if (event.kind === 'break') codes.push(event.code)
    if (event.kind === 'result') result = event
  }
  expect(codes).toEqual([])
  expect(result?.isValid).toBe(true)
})
