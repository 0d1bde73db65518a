import { uuidv7 } from '@lexcustis/core'
import {
  formatVkey,
  isConsistent,
  leafHash,
  readCheckpoint,
  readNote,
  readVkey,
  rootFromInclusion,
  verifyNote,
} from '@lexcustis/evidence'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../src/audit-log.js'
import { vkeyOf } from '../src/domain/signing/log-keys.js'
import { createSigningKeys } from '../src/domain/signing-keys.js'
import {
  append,
  type AuditDatabase,
  createTestSigningKey,
  input,
  reasonOf,
  signingKeys,
  startAuditDatabase,
  verified,
} from './audit-database.js'

let database: AuditDatabase

beforeAll(async () => {
  database = await startAuditDatabase()
})

afterAll(async () => database[Symbol.asyncDispose]())

async function fill(log: AuditLog, org: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, async () => append(log, org, input())))
}

const SOON = { timeoutMs: 5_000 }

describe('checkpoints', () => {
  test('cover what was appended, and hold under the key that the genesis announced', async () => {
    const log = database.open()
    const org = uuidv7()
    await fill(log, org, 10)
    await log.checkpoints.signWaiting()
    const { note, size, log: place } = await log.checkpoints.newest(org)
    expect(size).toBe(11n)
    const [vkey = ''] = await log.checkpoints.vkeys(org)
    const checkpoint = readCheckpoint(note)
    expect(checkpoint.origin).toBe(`test.local/${org}/${place.incarnation}`)
    await expect(verifyNote(readNote(note), [readVkey(vkey)])).resolves.toMatchObject({
      unknown: 0,
    })
    const { items } = await log.entries.list(org, { limit: 1, cursor: '', type: '', ref: '' })
    const genesis = JSON.parse(String(items[0]?.canonical)) as { attrs: { vkey: string } }
    expect(genesis.attrs.vkey).toBe(vkey)
  })

  test('every record of a log of several tiles is proven, and every size continues the last', async () => {
    const log = database.open()
    const org = uuidv7()
    const sizes: bigint[] = []
    for (const count of [1, 254, 1, 300, 700]) {
      await fill(log, org, count)
      await log.checkpoints.signWaiting()
      sizes.push((await log.checkpoints.newest(org)).size)
    }
    expect(sizes).toEqual([2n, 256n, 257n, 557n, 1_257n])
    const { log: place, note } = await log.checkpoints.newest(org)
    const { root, size } = readCheckpoint(note)
    for (const sequence of [0n, 1n, 255n, 256n, 511n, 512n, 1_023n, 1_024n, 1_256n]) {
      const entry = await log.entries.get(org, { sequence })
      const { hashes } = await log.checkpoints.proofs.inclusion(place, sequence, 0n)
      const leaf = leafHash(entry.canonical)
      expect(rootFromInclusion({ leaf, sequence, size, hashes })).toEqual(root)
    }
    for (const from of sizes) {
      const { hashes } = await log.checkpoints.proofs.consistency(place, from, 0n)
      const earlier = readCheckpoint((await log.checkpoints.ofSize(place, from)) ?? '')
      const proof = { from, fromRoot: earlier.root, to: size, toRoot: root, hashes }
      expect(isConsistent(proof)).toBe(true)
    }
    expect(await reasonOf(log.checkpoints.proofs.inclusion(place, 1_257n, 0n))).toBe(
      'INVALID_INPUT',
    )
    expect(await reasonOf(log.checkpoints.proofs.inclusion(place, 0n, 2_000n))).toBe('NOT_FOUND')
    expect(await reasonOf(log.checkpoints.proofs.consistency(place, 0n, 0n))).toBe('INVALID_INPUT')
  })

  test('another replica goes on where the first one stopped, from tiles or without them', async () => {
    const org = uuidv7()
    const first = database.open()
    await fill(first, org, 600)
    await first.checkpoints.signWaiting()
    await database.superuser.query('ALTER TABLE audit.audit_tiles DISABLE TRIGGER USER')
    await database.superuser.query('DELETE FROM audit.audit_tiles WHERE organization_id = $1', [
      org,
    ])
    await database.superuser.query('ALTER TABLE audit.audit_tiles ENABLE TRIGGER USER')
    const second = database.open()
    await fill(second, org, 300)
    await second.checkpoints.signWaiting()
    expect((await second.checkpoints.newest(org)).size).toBe(901n)
    // The first one finds that it was overtaken.
    await fill(first, org, 1)
    await first.checkpoints.signWaiting()
    const { size, log: place } = await first.checkpoints.newest(org)
    expect(size).toBe(902n)
    await expect(first.checkpoints.proofs.inclusion(place, 3n, 0n)).resolves.toMatchObject({ size })
  })

  test('a sweep signs what a replica left that is gone', async () => {
    const org = uuidv7()
    const gone = database.open()
    await fill(gone, org, 5)
    const other = database.open()
    expect(await reasonOf(other.checkpoints.newest(org))).toBe('NOT_FOUND')
    await other.checkpoints.sweep()
    expect((await other.checkpoints.newest(org)).size).toBe(6n)
  })

  test('two signers at once sign the same', async () => {
    const org = uuidv7()
    const one = database.open()
    const two = database.open()
    await fill(one, org, 20)
    await fill(two, org, 20)
    await Promise.all([one.checkpoints.signWaiting(), two.checkpoints.signWaiting()])
    await Promise.all([one.checkpoints.signWaiting(), two.checkpoints.signWaiting()])
    expect((await one.checkpoints.newest(org)).size).toBe(41n)
    expect((await verified(one, org)).result.isValid).toBe(true)
  })

  test('a signer that slept adds nothing beside what was signed in the meantime', async () => {
    const org = uuidv7()
    const awake = database.open()
    await fill(awake, org, 3)
    await awake.checkpoints.signWaiting()
    let wake: () => void = () => undefined
    const slept = new Promise<void>((resolve) => (wake = resolve))
    let isAsleep: () => void = () => undefined
    const fellAsleep = new Promise<void>((resolve) => (isAsleep = resolve))
    const claims: string[] = []
    const sleepy = database.open({
      checkpointStore: {
        ...database.checkpointStore,
        claim: async (log, after, note) => {
          isAsleep()
          await slept
          claims.push(note)
          return database.checkpointStore.claim(log, after, note)
        },
      },
    })
    const { receipt } = await append(sleepy, org, input())
    const signing = sleepy.checkpoints.sign(receipt)
    await fellAsleep
    // Its lease ends, as the server ends a transaction that is idle for too long.
    await database.superuser.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'audit-read' AND state = 'idle in transaction'`,
    )
    await fill(awake, org, 2)
    await awake.checkpoints.signWaiting()
    expect((await awake.checkpoints.newest(org)).size).toBe(7n)
    wake()
    await signing.catch(() => undefined)
    expect(readCheckpoint(claims[0] ?? '').size).toBe(5n)
    expect(await database.checkpointStore.get(receipt, 5n)).toBeUndefined()
    await sleepy.checkpoints.sweep()
    expect((await sleepy.checkpoints.newest(org)).divergence).toBeUndefined()
  })

  test('what a signer claimed before it died is kept by the next one', async () => {
    const org = uuidv7()
    const dying = database.open({
      checkpointStore: {
        ...database.checkpointStore,
        put: async () => {
          throw new Error('killed between the claim and the note')
        },
      },
    })
    await fill(dying, org, 3)
    await dying.checkpoints.signWaiting()
    const next = database.open()
    await fill(next, org, 1)
    for (let round = 0; round < 2; round += 1) await next.checkpoints.signWaiting()
    const { size, log } = await next.checkpoints.newest(org)
    expect(size).toBe(5n)
    expect(await next.checkpoints.ofSize(log, 4n)).toBeDefined()
  })

  test('whoever waits for a record to be covered gets a checkpoint that does', async () => {
    const log = database.open()
    const { receipt } = await append(log, uuidv7(), input())
    const { size } = await log.checkpoints.covering(receipt, receipt.sequence, SOON)
    expect(size).toBeGreaterThan(receipt.sequence)
    expect(log.checkpoints.guard.checkpointSize(receipt)).toBe(size)
  })
})

describe('rotation of the signing key', () => {
  test('the new key is announced before it signs, both sign, and the old one is retired', async () => {
    const org = uuidv7()
    const [first, second] = [createTestSigningKey(), createTestSigningKey()]
    const before = database.open({ signingKeys: createSigningKeys(first) })
    const { receipt } = await append(before, org, input())
    await before.checkpoints.covering(receipt, receipt.sequence, SOON)
    const nameOf = (key: typeof first) =>
      vkeyOf('test.local', createSigningKeys(key))(org, receipt.incarnation)

    const overlap = database.open({ signingKeys: createSigningKeys(second, first) })
    await append(overlap, org, input())
    for (let round = 0; round < 3; round += 1) await overlap.checkpoints.signWaiting()
    const { note, size } = await overlap.checkpoints.newest(org)
    expect(size).toBe(4n)
    const both = [readVkey(nameOf(second)), readVkey(nameOf(first))]
    const { signedBy } = await verifyNote(readNote(note), both)
    expect(signedBy.map(formatVkey)).toEqual(both.map(formatVkey))
    expect(await overlap.checkpoints.vkeys(org)).toEqual([nameOf(first), nameOf(second)])
    // A checkpoint that does not cover the announcement is not signed by the new key.
    const early = await overlap.checkpoints.ofSize(receipt, 3n)
    expect(early === undefined || readNote(early).signatures.length === 1).toBe(true)

    // A replica that was not restarted yet signs on with what it has, and retires nobody.
    await append(before, org, input())
    for (let round = 0; round < 3; round += 1) await before.checkpoints.signWaiting()
    expect(await before.checkpoints.vkeys(org)).toHaveLength(2)

    const after = database.open({ signingKeys: createSigningKeys(second) })
    await append(after, org, input())
    for (let round = 0; round < 3; round += 1) await after.checkpoints.signWaiting()
    expect(await after.checkpoints.vkeys(org)).toEqual([nameOf(second)])
    const last = readNote((await after.checkpoints.newest(org)).note)
    expect(last.signatures).toHaveLength(1)
    // The old one may not come back.
    await append(overlap, org, input())
    for (let round = 0; round < 3; round += 1) await overlap.checkpoints.signWaiting()
    expect(readNote((await overlap.checkpoints.newest(org)).note).signatures).toHaveLength(1)
    expect((await verified(after, org)).result.isValid).toBe(true)
  })
})

describe('the log of the deployment', () => {
  test('names the keys, and has the checkpoints of every organisation once a day', async () => {
    const log = database.open()
    const org = uuidv7()
    await fill(log, org, 3)
    await log.checkpoints.open()
    await log.checkpoints.sweep()
    await log.checkpoints.sweep()
    const entries: string[] = []
    for await (const entry of database.checkpointStore.entries(0n)) entries.push(entry)
    expect(entries.filter((entry) => entry.includes(org))).toHaveLength(1)
    const keys = log.checkpoints.deploymentKeys()
    expect(keys.map(({ publicKey }) => publicKey)).toContain(
      signingKeys.current.publicKey.toString('base64'),
    )
    const { size } = readCheckpoint((await database.checkpointStore.newest('deployment')) ?? '')
    expect(size).toBe(BigInt(entries.length))
  })
})

describe('heartbeats', () => {
  test('a silent log says so once an hour, once for all replicas', async () => {
    const org = uuidv7()
    const log = database.open()
    const { receipt } = await append(log, org, input())
    const later = { nowMicros: () => BigInt(Date.now()) * 1_000n + 3_601_000_000n }
    const one = database.open({ clock: later })
    const two = database.open({ clock: later })
    await Promise.all([one.checkpoints.sweep(), two.checkpoints.sweep()])
    await one.checkpoints.sweep()
    const page = { limit: 10, cursor: '', type: 'chain.heartbeat', ref: '' }
    expect((await log.entries.list(org, page)).items).toHaveLength(1)
    await one.checkpoints.signWaiting()
    expect((await one.checkpoints.newest(org)).size).toBe(receipt.sequence + 2n)
  })
})
