// `npm test`: installs and builds what is not up to date, then runs vitest with the arguments given.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from './launcher/fail.mjs'
import { toFailure } from './launcher/failure.mjs'
import { prepare } from './launcher/prepare.mjs'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))

try {
  await prepare(CHECKOUT, { say: (line) => process.stderr.write(`lexcustis: ${line}\n`) })
  const vitest = join(CHECKOUT, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    cwd: CHECKOUT,
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.once('exit', (code) => process.exit(code ?? 1))
} catch (error) {
  fail(toFailure(error, join(CHECKOUT, '.lexcustis')))
}
