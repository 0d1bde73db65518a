// `npm run migrate`: applies every service's migrations as the owner, where npm start does not run.
// MIGRATOR_DATABASE_URL_FILE names the file with the URL of lexcustis_migrator; without it, the
// embedded database of npm start is meant. packages/postgres/sql/roles.sql has to be applied before.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from './launcher/fail.mjs'
import { toFailure } from './launcher/failure.mjs'
import { prepare } from './launcher/prepare.mjs'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))
const dataDir = resolve(process.env.LEXCUSTIS_DATA_DIR || join(CHECKOUT, '.lexcustis'))
const urlFile =
  process.env.MIGRATOR_DATABASE_URL_FILE || join(dataDir, 'secrets/lexcustis_migrator_database_url')

try {
  await prepare(CHECKOUT, { say: (line) => process.stderr.write(`lexcustis: ${line}\n`) })
  const { migrateAll } = await import('../packages/provision/dist/index.js')
  const applied = await migrateAll(CHECKOUT, readFileSync(urlFile, 'utf8').trim())
  process.stdout.write(applied.length === 0 ? 'nothing to apply\n' : `${applied.join('\n')}\n`)
} catch (error) {
  fail(toFailure(error, dataDir))
}
