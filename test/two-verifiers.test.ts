import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const CHECKOUT = join(import.meta.dirname, '..')
const BUNDLES = join(CHECKOUT, 'packages/evidence/vectors/bundles')
const VERIFIERS = {
  'packages/evidence (TypeScript)': ['node', 'packages/evidence/dist/bin/lexcustis-verify.js'],
  'tools/second-verifier (Python)': ['python3', '-B', 'tools/second-verifier/verify.py'],
} as const

interface Vector {
  readonly path: string
  readonly keys: readonly string[]
  readonly previous?: string
  readonly result: string
  readonly exit: number
  readonly codes: readonly string[]
}

interface Verdict {
  readonly result: string
  readonly exit: number
  readonly codes: readonly string[]
  /** Of the process. */
  readonly status: number
}

const { bundles } = JSON.parse(readFileSync(join(BUNDLES, 'index.json'), 'utf8')) as {
  readonly bundles: readonly Vector[]
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys; assert sys.version_info >= (3, 9)'])
    return true
  } catch {
    return false
  }
}

/** Runs a verifier as a stranger would: as a command, in a process of its own. */
async function verdictOf(
  [program, ...first]: readonly [string, ...string[]],
  { keys, previous }: Vector,
  container: string,
): Promise<Verdict> {
  const args = [
    ...first,
    container,
    ...keys.flatMap((key) => ['--key', key]),
    ...(previous === undefined ? [] : ['--previous', join(BUNDLES, previous)]),
    '--json',
  ]
  const { stdout, status } = await new Promise<{ stdout: string; status: number }>((resolve) => {
    execFile(program, args, { cwd: CHECKOUT }, (error, output) =>
      resolve({ stdout: output, status: Number(error?.code ?? 0) }),
    )
  })
  const { result, exit, failures } = JSON.parse(stdout) as {
    readonly result: string
    readonly exit: number
    readonly failures: readonly { readonly code: string }[]
  }
  return { result, exit, status, codes: [...new Set(failures.map(({ code }) => code))].sort() }
}

/** Two at a time: most of it is waiting for interpreters to start. */
async function verdictsOf(command: readonly [string, ...string[]]): Promise<object> {
  const verdicts: Record<string, Verdict> = {}
  const waiting = [...bundles]
  const work = async (): Promise<void> => {
    for (let vector = waiting.shift(); vector; vector = waiting.shift()) {
      verdicts[vector.path] = await verdictOf(command, vector, join(BUNDLES, vector.path))
    }
  }
  await Promise.all([work(), work()])
  return verdicts
}

const expected = Object.fromEntries(
  bundles.map(({ path, result, exit, codes }) => [path, { result, exit, status: exit, codes }]),
)

describe.each(Object.entries(VERIFIERS))('%s', (name, command) => {
  const isThere = command[0] === 'node' || hasPython()
  const label = `says of every golden bundle what the index says${isThere ? '' : ' (needs python3)'}`

  test.skipIf(!isThere)(label, { timeout: 300_000 }, async () => {
    expect(bundles.length).toBeGreaterThan(100)
    expect(await verdictsOf(command), name).toEqual(expected)
  })

  describe('of a deflated zip', () => {
    let folder = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'two-verifiers-'))
    })
    afterAll(async () => rm(folder, { recursive: true, force: true }))

    /** Zips as Python's library writes them, which neither verifier's authors wrote. */
    const zip = [
      'import os, sys, zipfile',
      'with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as out:',
      '    for at, _, names in sorted(os.walk(sys.argv[1])):',
      '        for name in sorted(names):',
      '            path = os.path.join(at, name)',
      '            out.write(path, os.path.relpath(path, sys.argv[1]))',
    ].join('\n')

    const chosen = [
      'valid/full-with-erasures',
      'valid/range',
      'valid/excerpt',
      'valid/full-every-type',
    ]
    test.skipIf(!hasPython()).each(chosen)('says the same of %s (needs python3)', async (path) => {
      const vector = bundles.find((entry) => entry.path === path)!
      const file = join(folder, `${path.replace('/', '-')}.zip`)
      const script = join(folder, 'zip.py')
      await writeFile(script, zip)
      execFileSync('python3', [script, join(BUNDLES, path), file])
      expect(await verdictOf(command, vector, file)).toEqual(expected[path])
    })
  })
})
