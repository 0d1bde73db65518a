// An organisation to attack, and what each reader of its log says about it afterwards.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatMicros, systemClock, uuidv7 } from '@lexcustis/core'
import {
  CompactRange,
  equalBytes,
  isConsistent,
  leafHash,
  readCheckpoint,
} from '@lexcustis/evidence'
import { openDatabase } from '@lexcustis/postgres'

const dist = (path) => import(new URL(`../../services/audit/dist/${path}`, import.meta.url).href)
const { openAuditLog } = await dist('audit-log.js')
const { readConfig } = await dist('config.js')
const { openCheckpointStore } = await dist('open-checkpoint-store.js')
const { createKeyring } = await dist('domain/keyring.js')
const { createPgLogReader } = await dist('adapters/pg-log-reader.js')
const { createPgRetentionReader } = await dist('adapters/pg-retention-reader.js')
const { verifyLog } = await dist('domain/verify-log.js')

const RECORDS = 20
const TABLES = ['audit_logs', 'audit_tiles']

/** Opens the database of a local stack as its superuser, and beside it the log as the service does. */
export async function openTarget(env, superuserUrl) {
  const config = readConfig(env)
  const epochs = await config.masterKeys.load()
  const superuser = openDatabase({ url: superuserUrl, name: 'tamper', maxConnections: 1 })
  const open = async () =>
    openAuditLog({
      ...config,
      epochs,
      clock: systemClock,
      checkpointStore: await openCheckpointStore(config),
    })
  return {
    config,
    keyring: createKeyring(epochs),
    open,
    store: await openCheckpointStore(config),
    superuser,
    /** With all protection off: nothing stops the owner of the server. */
    sql: async (text, values) =>
      superuser.transaction(async (tx) => {
        for (const table of TABLES) {
          await tx.query(`ALTER TABLE audit.${table} DISABLE TRIGGER USER`)
        }
        const rows = await tx.query(text, values)
        for (const table of TABLES) {
          await tx.query(`ALTER TABLE audit.${table} ENABLE TRIGGER USER`)
        }
        return rows
      }),
  }
}

/** An organisation with records under a checkpoint, and whoever keeps its first checkpoint. */
export async function createVictim(target) {
  const org = uuidv7()
  const log = await target.open()
  let count = 0
  const append = async (records, { isSigned = true } = {}) => {
    for (let n = 0; n < records; n += 1) {
      count += 1
      const input = {
        id: uuidv7(),
        type: 'document.ingested',
        occurredAt: formatMicros(systemClock.nowMicros()),
        ref: '',
        trace: '',
        attrsJson: JSON.stringify({ document: `d${count}` }),
        content: [],
      }
      await log.append(log.readDraft(org, { kind: 'system', via: 'internal' }, input))
    }
    if (isSigned) await log.checkpoints.signWaiting()
  }
  await append(RECORDS)
  const { log: place, note } = await log.checkpoints.newest(org)
  const { incarnation } = place
  return {
    org,
    incarnation,
    append,
    /** What a witness or an auditor was given. */
    heldNote: note,
    forgeStore: async () => {
      const folder = join(target.config.checkpointDir, 'organizations', org)
      await rm(folder, { recursive: true, force: true })
      const forger = await target.open()
      await forger.checkpoints.sweep()
      await forger[Symbol.asyncDispose]()
    },
    [Symbol.asyncDispose]: async () => log[Symbol.asyncDispose](),
  }
}

/** Breaks that VerifyChain reports, with or without what is signed. */
export async function chainFindings(target, { org }, { withStore }) {
  const log = await target.open()
  try {
    const found = []
    const events = withStore ? log.verify(org) : verifyAlone(target, log, org)
    for await (const event of events) {
      if (event.kind === 'break') found.push(`${event.sequence ?? '-'} ${event.code}`)
    }
    return found
  } finally {
    await log[Symbol.asyncDispose]()
  }
}

function verifyAlone({ keyring }, { database }, org) {
  return verifyLog(
    {
      reader: createPgLogReader(database),
      retention: createPgRetentionReader(database),
      keyring,
      clock: systemClock,
      graceMs: 30_000,
      newestSigned: async () => undefined,
    },
    org,
  )
}

/** What the service finds when it starts after the attack; undefined when it goes on writing. */
export async function startFinding(target, { org }) {
  const log = await target.open()
  try {
    await log.checkpoints.guard.admit(org).catch(() => undefined)
    return log.checkpoints.guard.divergenceOf(org)?.code
  } finally {
    await log[Symbol.asyncDispose]()
  }
}

/** Whether what is offered now continues what a witness holds; the reason when it does not. */
export async function witnessFinding({ superuser, store }, { org, incarnation, heldNote }) {
  const held = readCheckpoint(heldNote)
  const text = await store.newest({ organizationId: org, incarnation })
  const now = text && readCheckpoint(text)
  if (!now || now.size < held.size) return 'the newest checkpoint is older than the one held'
  const rows = await superuser.query(
    `SELECT canonical FROM audit.audit_logs WHERE organization_id = $1 ORDER BY sequence_number`,
    [org],
  )
  const range = new CompactRange()
  for (const { canonical } of rows.slice(0, Number(held.size))) range.append(leafHash(canonical))
  if (range.size < held.size) return 'records that the held checkpoint covers are gone'
  if (!equalBytes(range.root(), held.root))
    return 'the records lead to another root than the one held'
  const isSame = now.size === held.size
  if (
    isSame &&
    !isConsistent({
      from: held.size,
      fromRoot: held.root,
      to: now.size,
      toRoot: now.root,
      hashes: [],
    })
  ) {
    return 'two checkpoints of one size have two roots'
  }
  return undefined
}
