import { parseArgs } from 'node:util'
import { AppError, isUuid, systemClock } from '@lexcustis/core'
import { ConfigError, type Environment } from '@lexcustis/runtime'
import { openAuditLog } from './audit-log.js'
import { readConfig } from './config.js'
import { DivergedError } from './domain/signing/divergence.js'
import type { CommandOutput } from './key-commands.js'
import { openCheckpointStore } from './open-checkpoint-store.js'

export const RESTART_USAGE = `usage: restart-log.js --organization <uuid>
  Starts a new incarnation of a log that differs from what was signed of it: after a backup was
  restored, or records were removed. Its first record names the newest stored checkpoint of the log
  before it, and how many of its records are still there. Reads the settings of the audit service.
  See docs/runbooks/restore.md before you do this: it cannot be undone.`

/** Resolves with the exit code: 0 done, 1 not done, 2 not understood. */
export async function restartCommand(
  args: readonly string[],
  env: Environment,
  output: CommandOutput,
): Promise<number> {
  const organizationId = readOrganization(args)
  if (organizationId === undefined) {
    output.err(RESTART_USAGE)
    return 2
  }
  try {
    const config = readConfig(env)
    using checkpointStore = await openCheckpointStore(config)
    await using log = openAuditLog({
      ...config,
      epochs: await config.masterKeys.load(),
      clock: systemClock,
      checkpointStore,
    })
    await log.checkpoints.open()
    const { incarnation, predecessor } = await log.restart(organizationId)
    output.out(`Incarnation ${incarnation} begins.`)
    output.out(`Before it: ${predecessor.inc}, signed up to ${predecessor.size} records,`)
    output.out(`of which ${predecessor.kept} are still there.`)
    return 0
  } catch (error) {
    output.err(`restart-log: ${problemOf(error)}`)
    return 1
  }
}

function readOrganization(args: readonly string[]): string | undefined {
  try {
    const options = { organization: { type: 'string' } } as const
    const { organization = '' } = parseArgs({ args: [...args], options }).values
    return isUuid(organization) ? organization : undefined
  } catch {
    return undefined
  }
}

function problemOf(error: unknown): string {
  if (error instanceof ConfigError || error instanceof AppError) return error.message
  if (error instanceof DivergedError) {
    return 'the newest checkpoint in the store is damaged; restore the store first'
  }
  throw error
}
