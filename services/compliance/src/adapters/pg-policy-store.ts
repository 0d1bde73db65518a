import { AppError, Memo } from '@lexcustis/core'
import { type Database, isUniqueViolation, type Queryable } from '@lexcustis/postgres'
import {
  changeModes,
  DEFAULT_POLICY,
  type Mode,
  type Policy,
  type PolicyChange,
  type PolicyStore,
} from '../domain/policy.js'

interface PolicyRow {
  readonly version: bigint
  readonly pii_mode: Mode
  readonly injection_mode: Mode
  readonly bias_mode: Mode
  readonly grounding_mode: Mode
}

const NEWEST = `
  SELECT version, pii_mode, injection_mode, bias_mode, grounding_mode
  FROM compliance.policy WHERE organization_id = $1
  ORDER BY version DESC LIMIT 1`

const INSERT = `
  INSERT INTO compliance.policy
    (organization_id, version, pii_mode, injection_mode, bias_mode, grounding_mode, set_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`

const MAX_ATTEMPTS = 5
/** Each chat asks twice. Another replica applies a change this much later at most. */
const KNOWN_MS = 1_000

/** Policies in PostgreSQL; each change is a new row with the next version. */
export class PgPolicyStore implements PolicyStore {
  private readonly known: Memo<Policy>

  constructor(private readonly database: Database) {
    this.known = new Memo({ ttlMs: KNOWN_MS, load: async (id) => this.read(id) })
  }

  async get(organizationId: string): Promise<Policy> {
    return this.known.get(organizationId)
  }

  async set(change: PolicyChange): Promise<Policy> {
    try {
      return await this.insert(change)
    } finally {
      this.known.forget(change.organizationId)
    }
  }

  private async read(organizationId: string): Promise<Policy> {
    return this.database.tenant(
      organizationId,
      async (tx) => (await newest(tx, organizationId)).policy,
    )
  }

  private async insert(change: PolicyChange): Promise<Policy> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      try {
        return await this.insertNext(change)
      } catch (error) {
        // Another change took the version between reading and writing: apply this one on top of it.
        if (!isUniqueViolation(error)) throw error
      }
    }
    throw new AppError('CONFLICT', 'the policy is being changed by others; try again')
  }

  private async insertNext(change: PolicyChange): Promise<Policy> {
    const { organizationId, userId } = change
    return this.database.tenant(organizationId, async (tx) => {
      const before = await newest(tx, organizationId)
      const version = before.version + 1n
      const modes = changeModes(before.policy.modes, change.modes)
      const { pii, injection, bias, grounding } = modes
      await tx.query(INSERT, [organizationId, version, pii, injection, bias, grounding, userId])
      return { version: String(version), modes }
    })
  }
}

async function newest(
  tx: Queryable,
  organizationId: string,
): Promise<{ readonly version: bigint; readonly policy: Policy }> {
  const [row] = await tx.query<PolicyRow>(NEWEST, [organizationId])
  if (!row) return { version: 0n, policy: DEFAULT_POLICY }
  const modes = {
    pii: row.pii_mode,
    injection: row.injection_mode,
    bias: row.bias_mode,
    grounding: row.grounding_mode,
  }
  return { version: row.version, policy: { version: String(row.version), modes } }
}
