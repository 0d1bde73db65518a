// What an administrator of the database can do, with more and more stolen keys: the rows of SPEC.md,
// section 1. Each attack gets an organisation of its own with twenty records under a checkpoint.
import { leafHash, canonicalText, createRecordMac, genesisMac } from '@lexcustis/evidence'

const OF_ORGANIZATION = 'WHERE organization_id = $1'

/** Name → what is done, and the work. */
export const ATTACKS = {
  edit: {
    what: 'changes a word in record 5',
    run: async ({ sql, org }) =>
      sql(
        `UPDATE audit.audit_logs
         SET canonical = convert_to(replace(convert_from(canonical, 'UTF8'), '"d5"', '"dX"'), 'UTF8')
         ${OF_ORGANIZATION} AND sequence_number = 5`,
        [org],
      ),
  },
  delete: {
    what: 'deletes record 5',
    run: async ({ sql, org }) =>
      sql(`DELETE FROM audit.audit_logs ${OF_ORGANIZATION} AND sequence_number = 5`, [org]),
  },
  reorder: {
    what: 'swaps records 5 and 6',
    run: async ({ sql, org }) => {
      for (const [from, to] of [
        [5, 1_000_000],
        [6, 5],
        [1_000_000, 6],
      ]) {
        await sql(
          `UPDATE audit.audit_logs SET sequence_number = $3 ${OF_ORGANIZATION} AND sequence_number = $2`,
          [org, from, to],
        )
      }
    },
  },
  insert: {
    what: 'appends a record that nobody wrote',
    run: async ({ sql, org }) =>
      sql(
        `INSERT INTO audit.audit_logs
         SELECT organization_id, incarnation, 21, gen_random_uuid(), type, ref, occurred_at, recorded_at,
           ends_by, canonical, leaf, mac
         FROM audit.audit_logs ${OF_ORGANIZATION} AND sequence_number = 5`,
        [org],
      ),
  },
  splice: {
    what: "puts another organisation's record in the place of record 5",
    run: async ({ sql, org, other }) =>
      sql(
        `UPDATE audit.audit_logs AS here SET canonical = there.canonical, leaf = there.leaf, mac = there.mac
         FROM audit.audit_logs AS there
         WHERE here.organization_id = $1 AND here.sequence_number = 5
           AND there.organization_id = $2 AND there.sequence_number = 5`,
        [org, other],
      ),
  },
  'cut-tail': {
    what: 'deletes the last ten records',
    run: async ({ sql, org }) =>
      sql(`DELETE FROM audit.audit_logs ${OF_ORGANIZATION} AND sequence_number > 10`, [org]),
  },
  'delete-organization': {
    what: 'deletes every record of the organisation',
    run: async ({ sql, org }) => sql(`DELETE FROM audit.audit_logs ${OF_ORGANIZATION}`, [org]),
  },
  'restore-backup': {
    what: "puts yesterday's backup of the organisation's rows in the place of today's",
    run: async ({ sql, org, append }) => {
      await sql(
        `CREATE TABLE public.old_backup AS SELECT * FROM audit.audit_logs ${OF_ORGANIZATION}`,
        [org],
      )
      await append(5)
      await sql(`DELETE FROM audit.audit_logs ${OF_ORGANIZATION}`, [org])
      await sql('INSERT INTO audit.audit_logs SELECT * FROM public.old_backup', [])
      await sql('DROP TABLE public.old_backup', [])
    },
  },
  rewrite: {
    what: 'changes record 5 and makes every MAC after it right again, with the stolen master key',
    run: rewrite,
  },
  resign: {
    what: 'rewrites history and signs it again, with the master key, the signing key and the store',
    run: async (context) => {
      await rewrite(context)
      await context.sql(`DELETE FROM audit.audit_tiles ${OF_ORGANIZATION}`, [context.org])
      await context.forgeStore()
    },
  },
  'cut-window': {
    what: 'deletes two records before they are under any checkpoint',
    run: async ({ sql, org, append }) => {
      await append(2, { isSigned: false })
      await sql(`DELETE FROM audit.audit_logs ${OF_ORGANIZATION} AND sequence_number > 20`, [org])
    },
  },
}

async function rewrite({ sql, org, incarnation, keyring }) {
  const { kid } = keyring
  const key = keyring.chainKey(org, incarnation, kid)
  const macOf = createRecordMac(key, org)
  let mac = genesisMac(key, org, incarnation)
  const rows = await sql(
    `SELECT sequence_number, canonical FROM audit.audit_logs ${OF_ORGANIZATION} ORDER BY sequence_number`,
    [org],
  )
  for (const { sequence_number: sequence, canonical } of rows) {
    const envelope = JSON.parse(canonical.toString('utf8'))
    if (sequence === 5n) envelope.attrs = { document: 'dX' }
    const bytes = Buffer.from(canonicalText(envelope))
    const leaf = leafHash(bytes)
    mac = macOf(sequence, mac, leaf)
    await sql(
      `UPDATE audit.audit_logs SET canonical = $3, leaf = $4, mac = $5 ${OF_ORGANIZATION}
       AND sequence_number = $2`,
      [org, sequence, bytes, leaf, mac],
    )
  }
}
