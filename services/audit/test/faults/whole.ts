import {
  CompactRange,
  equalBytes,
  leafHash,
  readCheckpoint,
  readVkey,
  verifyNote,
} from '@lexcustis/evidence'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { AuditLog } from '../../src/audit-log.js'
import type { AppendInput } from '../../src/domain/draft.js'
import { announcedKeys } from '../../src/domain/signing/log-keys.js'
import { type AuditDatabase, verified } from '../audit-database.js'
import { type Answer, ask } from './scenario.js'

interface Expected {
  readonly organizationId: string
  readonly asked: readonly AppendInput[]
  readonly answers: readonly Answer[]
  /** Records that were not asked for here: the genesis, announcements of keys. */
  readonly own: number
}

const ROUNDS = 20

/**
 * Asks again for what was not answered, signs what is not signed, and expects: every acknowledged
 * record is where its receipt says, every record that was asked for is there once and no other, the
 * chain holds, all stored checkpoints are of one tree, and the newest covers everything.
 */
export async function expectWhole(
  database: AuditDatabase,
  log: AuditLog,
  { organizationId, asked, answers, own }: Expected,
): Promise<void> {
  const acknowledged = new Map(
    answers.flatMap((each) => ('refused' in each ? [] : [[each.id, each]])),
  )
  const missing = asked.filter(({ id }) => !acknowledged.has(id))
  // The answer of one that was written after all is the first receipt.
  const late = await Promise.all(missing.map(async (input) => ask(log, organizationId, input)))
  for (const answer of late) {
    expect(answer, 'what was not answered is written when it is asked for again').toHaveProperty(
      'sequence',
    )
  }
  await signAll(log, organizationId)

  const rows = await recordsOf(database, organizationId)
  expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_, index) => BigInt(index)))
  const byId = new Map(rows.map((row) => [row.id, row]))
  expect(byId.size).toBe(rows.length)
  for (const answer of [...acknowledged.values(), ...late]) {
    if ('refused' in answer) continue
    const row = byId.get(answer.id)
    expect({ id: answer.id, sequence: row?.sequence, leaf: row?.leaf.toString('hex') }).toEqual(
      answer,
    )
  }
  const wanted = new Set([...answers, ...asked].map(({ id }) => id))
  const others = rows.filter(({ id }) => !wanted.has(id))
  expect(others.map(({ type }) => type).filter((type) => !OWN.has(type))).toEqual([])
  expect(rows.length - others.length).toBe(wanted.size)
  expect(others).toHaveLength(own)

  expect(await verified(log, organizationId)).toMatchObject({
    codes: [],
    result: { isValid: true, checked: BigInt(rows.length), expected: BigInt(rows.length) },
  })
  await expectOneTree(database, log, organizationId)
}

const OWN = new Set(['chain.genesis', 'key.announced'])

async function signAll(log: AuditLog, organizationId: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const head = await log.entries.list(organizationId, { limit: 1, cursor: '', type: '', ref: '' })
    const [newest] = head.items
    if (!newest) throw new Error('the log is empty')
    const place = { organizationId, incarnation: newest.incarnation }
    const signed = await log.checkpoints.sign(place)
    if (signed && !signed.hasMore) return
  }
  throw new Error('the log is not signed to its end')
}

interface StoredRow {
  readonly incarnation: string
  readonly sequence: bigint
  readonly id: string
  readonly type: string
  readonly canonical: Buffer
  readonly leaf: Buffer
}

async function recordsOf(database: AuditDatabase, organizationId: string): Promise<StoredRow[]> {
  return database.superuser.query<StoredRow>(
    `SELECT incarnation, sequence_number AS sequence, id, type, canonical, leaf
     FROM audit.audit_logs WHERE organization_id = $1 ORDER BY incarnation, sequence_number`,
    [organizationId],
  )
}

/** Two checkpoints of one tree are consistent; so each is compared with the tree of the records. */
export async function expectOneTree(
  database: AuditDatabase,
  log: AuditLog,
  organizationId: string,
): Promise<void> {
  const rows = await recordsOf(database, organizationId)
  const incarnation = rows[0]?.incarnation ?? ''
  const notes = await notesOf(join(database.checkpointDirectory, 'organizations', organizationId))
  // Retired ones included: what they signed before is still there.
  const keys = announcedKeys(rows).map(({ vkey }) => readVkey(vkey))
  const range = new CompactRange()
  const left = [...notes]
  for (const { canonical } of rows) {
    range.append(leafHash(canonical))
    for (const note of left.filter(({ size }) => size === range.size)) {
      left.splice(left.indexOf(note), 1)
      expect(equalBytes(note.root, range.root()), `checkpoint of ${note.size}`).toBe(true)
      await verifyNote(note.note, keys)
    }
  }
  expect(left.map(({ size }) => size)).toEqual([])
  const sizes = notes.map(({ size }) => size).sort((a, b) => Number(a - b))
  expect(sizes.at(-1)).toBe(BigInt(rows.length))
  // The proofs, which are made of tiles, say the same.
  const place = { organizationId, incarnation }
  for (const size of sizes)
    await log.checkpoints.proofs.consistency(place, size, BigInt(rows.length))
}

/** Every note below a folder, claimed ones included: a claimed note is to be kept, too. */
async function notesOf(folder: string) {
  const names = await readdir(folder, { recursive: true })
  const texts = await Promise.all(
    names
      .filter((name) => /\.(note|next)$/.test(name))
      .map(async (name) => readFile(join(folder, name), 'utf8')),
  )
  return texts.map((text) => readCheckpoint(text))
}
