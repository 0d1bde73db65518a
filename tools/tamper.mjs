// `npm run tamper -- <attack>`: attacks a log as the superuser of the database of npm start, then
// shows who notices. It attacks an organisation that it makes for this, and nobody else's records.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from './launcher/fail.mjs'
import { toFailure } from './launcher/failure.mjs'
import { prepare } from './launcher/prepare.mjs'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))
const dataDir = resolve(process.env.LEXCUSTIS_DATA_DIR || join(CHECKOUT, '.lexcustis'))
const say = (line) => process.stdout.write(`${line}\n`)

function usage(attacks) {
  const width = Math.max(...Object.keys(attacks).map((name) => name.length))
  const lines = Object.entries(attacks).map(
    ([name, { what }]) => `  ${name.padEnd(width)}  ${what}`,
  )
  return `usage: npm run tamper -- <attack> | all      (npm start has to be running)\n\n${lines.join('\n')}`
}

/** One attack; resolves with what noticed it. */
async function perform(target, victims, attack) {
  const victim = await victims.createVictim(target)
  const other = await victims.createVictim(target)
  const { sql, keyring } = target
  await attack.run({ ...victim, other: other.org, sql, keyring })
  for (const each of [victim, other]) await each[Symbol.asyncDispose]()
  return {
    chain: await victims.chainFindings(target, victim, { withStore: false }),
    signed: await victims.chainFindings(target, victim, { withStore: true }),
    atStart: await victims.startFinding(target, victim),
    witness: await victims.witnessFinding(target, victim),
  }
}

function report(name, what, { chain, signed, atStart, witness }) {
  const notices = (found) =>
    found.length > 0 ? `noticed: ${found.slice(0, 4).join(', ')}` : 'missed'
  const withSigned = [...signed, ...(atStart ? [`read-only from now on (${atStart})`] : [])]
  say(`${name}: ${what}`)
  say(`  MAC chain alone            ${notices(chain)}`)
  say(`  with signed checkpoints    ${notices(withSigned)}`)
  const everything = [...withSigned, ...(witness ? [witness] : [])]
  say(`  with a witness             ${notices(everything)}`)
}

try {
  await prepare(CHECKOUT, { say: (line) => process.stderr.write(`lexcustis: ${line}\n`) })
  const { ATTACKS } = await import('./tamper/attacks.mjs')
  const [name] = process.argv.slice(2)
  const chosen = name === 'all' ? Object.keys(ATTACKS) : [name]
  if (!chosen.every((each) => each !== undefined && Object.hasOwn(ATTACKS, each))) {
    process.stderr.write(`${usage(ATTACKS)}\n`)
    process.exit(2)
  }
  const { localEnvironment } = await import('../packages/stack/dist/index.js')
  const victims = await import('./tamper/victim.mjs')
  const superuserUrl = readFileSync(join(dataDir, 'secrets/postgres_database_url'), 'utf8').trim()
  const env = localEnvironment(dataDir, 'audit', process.env)
  const target = await victims.openTarget(env, superuserUrl)
  for (const each of chosen) {
    const attack = ATTACKS[each]
    report(each, attack.what, await perform(target, victims, attack))
  }
  await target.superuser[Symbol.asyncDispose]()
} catch (error) {
  fail(toFailure(error, dataDir))
}
