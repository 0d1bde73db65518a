import { systemClock, uuidv7 } from '@lexcustis/core'
import { type AuditLog, type AuditLogOptions, openAuditLog } from '../../src/audit-log.js'
import type { AuditDatabase } from '../audit-database.js'
import { isOfFiles } from './faulty-files.js'
import { AFTER, BEFORE, type PortableKeys, readKeys } from './keys.js'
import { inputs } from './people.js'
import { type Answer, play, type Scenario } from './scenario.js'

export interface Prepared extends Scenario {
  /** What is there already. */
  readonly before: readonly Answer[]
}

export interface Setting {
  readonly name: string
  /** Of the replica that meets the fault. */
  readonly keys: PortableKeys
  /** Calls that are struck: those of one setting that are the same in another are struck there. */
  readonly isStruck: (name: string) => boolean
  /** Records of the service's own in the end. */
  readonly own: number
  /** `log` has the keys of BEFORE. */
  prepare(log: AuditLog): Promise<Prepared>
}

export const SETTINGS: readonly Setting[] = [
  {
    name: 'a new log, longer than a tile',
    keys: BEFORE,
    isStruck: () => true,
    own: 1,
    prepare: async () => ({
      organizationId: uuidv7(),
      batches: [inputs(258), inputs(2)],
      before: [],
    }),
  },
  {
    name: 'a log that goes over to other keys',
    keys: AFTER,
    isStruck: (name) => !isOfFiles(name),
    own: 3,
    prepare: async (log: AuditLog): Promise<Prepared> => {
      const organizationId = uuidv7()
      const before: Answer[] = []
      await play(log, { organizationId, batches: [inputs(1)] }, (answer) => before.push(answer))
      return { organizationId, batches: [inputs(2), inputs(1)], before }
    },
  },
]

/** A replica that its test closes: those of `database.open` stay open until the end. */
export function openReplica(
  database: AuditDatabase,
  keys: PortableKeys,
  options: Partial<AuditLogOptions> = {},
): AuditLog {
  return openAuditLog({
    databaseUrl: database.postgres.url('audit'),
    origin: 'test.local',
    lostGraceMs: 0,
    clock: systemClock,
    checkpointStore: database.checkpointStore,
    ...readKeys(keys),
    ...options,
  })
}
