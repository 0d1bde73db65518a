// `npm run restart-log -- --organization <uuid>`: the restore ceremony for the stack of npm start.
// Elsewhere the command is services/audit/dist/restart-log.js, run with the audit service's settings.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from './launcher/fail.mjs'
import { toFailure } from './launcher/failure.mjs'
import { prepare } from './launcher/prepare.mjs'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))
const dataDir = resolve(process.env.LEXCUSTIS_DATA_DIR || join(CHECKOUT, '.lexcustis'))

try {
  await prepare(CHECKOUT, { say: (line) => process.stderr.write(`lexcustis: ${line}\n`) })
  const { localEnvironment } = await import('../packages/stack/dist/index.js')
  const command = join(CHECKOUT, 'services/audit/dist/restart-log.js')
  const { status } = spawnSync(process.execPath, [command, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: localEnvironment(dataDir, 'audit', process.env),
  })
  process.exitCode = status ?? 1
} catch (error) {
  fail(toFailure(error, dataDir))
}
