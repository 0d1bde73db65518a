import type { Database } from '@lexcustis/postgres'
import type { AuthFailureStore } from '../domain/identity/ports.js'

const WINDOW = "interval '1 minute'"

export function createPgAuthFailures(database: Database): AuthFailureStore {
  return {
    count: async (organizationId, accountId) =>
      database.tenant(organizationId, async (tx) => {
        await tx.query(
          `INSERT INTO identity.auth_failure (organization_id, account_id, unreported, reported_at)
           VALUES ($1, $2, 1, '-infinity')
           ON CONFLICT (organization_id, account_id)
           DO UPDATE SET unreported = auth_failure.unreported + 1`,
          [organizationId, accountId],
        )
      }),

    due: async () => {
      const rows = await database.query<{ organization_id: string; id: string }>(
        `SELECT organization_id, id
         FROM identity.find_unreported_auth_failures(now() - ${WINDOW})`,
      )
      return rows.map((row) => ({ organizationId: row.organization_id, accountId: row.id }))
    },

    report: async (organizationId, accountId, record) =>
      database.tenant(organizationId, async (tx) => {
        // The row lock makes several gateways take turns: the second finds nothing due.
        const [due] = await tx.query<{ unreported: number }>(
          `SELECT unreported FROM identity.auth_failure
           WHERE organization_id = $1 AND account_id = $2
             AND unreported > 0 AND reported_at <= now() - ${WINDOW}
           FOR UPDATE`,
          [organizationId, accountId],
        )
        if (!due) return
        await tx.query(
          `UPDATE identity.auth_failure SET unreported = 0, reported_at = now()
           WHERE organization_id = $1 AND account_id = $2`,
          [organizationId, accountId],
        )
        await record(due.unreported)
      }),
  }
}
