import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const FOLDER = join(import.meta.dirname, '../tools/second-verifier')

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys; assert sys.version_info >= (3, 9)'])
    return true
  } catch {
    return false
  }
}

/** Written in another language from the text of SPEC.md alone. */
describe.skipIf(!hasPython())('the second verifier (needs python3)', () => {
  test('passes its own tests', async () => {
    const args = ['-B', '-m', 'unittest', 'discover', '-s', 'tests']
    const { stderr } = await promisify(execFile)('python3', args, { cwd: FOLDER })
    expect(stderr).toMatch(/Ran \d+ tests in [\d.]+s\n\nOK/)
  }, 120_000)
})
