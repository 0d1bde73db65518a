import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const CHECKOUT = join(import.meta.dirname, '..')
const BUNDLES = join(CHECKOUT, 'packages/evidence/vectors/bundles')
const TYPESCRIPT = 'packages/evidence (TypeScript)'
const PYTHON = 'tools/second-verifier (Python)'
const VERIFIERS = {
  [TYPESCRIPT]: [process.execPath, 'packages/evidence/dist/bin/lexcustis-verify.js'],
  [PYTHON]: ['python3', '-B', 'tools/second-verifier/verify.py'],
} as const

type Command = readonly [program: string, ...args: string[]]

interface Run {
  readonly stdout: string
  readonly status: number
}

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

function argumentsOf({ keys, previous }: Vector, container: string): string[] {
  return [
    container,
    ...keys.flatMap((key) => ['--key', key]),
    ...(previous === undefined ? [] : ['--previous', join(BUNDLES, previous)]),
    '--json',
  ]
}

function verdictOf({ status, stdout }: Run): Verdict {
  const { result, exit, failures } = JSON.parse(stdout) as {
    readonly result: string
    readonly exit: number
    readonly failures: readonly { readonly code: string }[]
  }
  return { result, exit, status, codes: [...new Set(failures.map(({ code }) => code))].sort() }
}

/** Runs a command, whatever its exit code is. */
async function run([program, ...args]: Command): Promise<Run> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: CHECKOUT, maxBuffer: 2 ** 24 }, (error, stdout) =>
      resolve({ stdout, status: Number(error?.code ?? 0) }),
    )
  })
}

/** One process for each; two at a time, since most of it is waiting for them to start. */
async function runEach(command: Command, all: readonly string[][]): Promise<Run[]> {
  const runs: Run[] = []
  const waiting = [...all.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      runs[next[0]] = await run([...command, ...next[1]])
    }
  }
  await Promise.all([work(), work()])
  return runs
}

/** Calls `main` of a Python program with each list of arguments, in one process. */
const CALL_EACH = `
import contextlib, io, json, os, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
import verify
runs = []
with open(sys.argv[2]) as file:
    for arguments in json.load(file):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = verify.main(arguments)
        runs.append({"status": status, "stdout": out.getvalue()})
print(json.dumps(runs))
`

/** Python takes longer to start than to verify. */
async function callEach(all: readonly string[][], folder: string): Promise<Run[]> {
  const file = join(folder, 'arguments.json')
  await writeFile(file, JSON.stringify(all))
  const { stdout } = await run(['python3', '-B', '-c', CALL_EACH, VERIFIERS[PYTHON][2], file])
  return JSON.parse(stdout) as Run[]
}

const expected = Object.fromEntries(
  bundles.map(({ path, result, exit, codes }) => [path, { result, exit, status: exit, codes }]),
)

describe.each([TYPESCRIPT, PYTHON] as const)('%s', (name) => {
  const command = VERIFIERS[name]
  const isThere = name === TYPESCRIPT || hasPython()
  const needs = isThere ? '' : ' (needs python3)'
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-verifiers-'))
  })
  afterAll(async () => rm(folder, { recursive: true, force: true }))

  test.skipIf(!isThere)(
    `says of every golden bundle what the index says${needs}`,
    async () => {
      const all = bundles.map((vector) => argumentsOf(vector, join(BUNDLES, vector.path)))
      const runs = await (name === PYTHON ? callEach(all, folder) : runEach(command, all))
      const verdicts = runs.map((each, at) => [bundles[at]?.path, verdictOf(each)])
      expect(verdicts.length).toBeGreaterThan(100)
      expect(Object.fromEntries(verdicts)).toEqual(expected)
    },
    300_000,
  )

  /** Zips as Python's library writes them: not by the hand that reads them. */
  const ZIP = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as out:
    for at, _, names in sorted(os.walk(sys.argv[1])):
        for name in sorted(names):
            path = os.path.join(at, name)
            out.write(path, os.path.relpath(path, sys.argv[1]))
`
  const chosen = [
    'valid/full-with-erasures',
    'valid/range',
    'valid/excerpt',
    'tampered/seq_gap--deleted',
  ]
  test.skipIf(!hasPython()).each(chosen)(
    'says the same of %s as a deflated zip (needs python3)',
    async (path) => {
      const vector = bundles.find((entry) => entry.path === path)!
      const file = join(folder, `${path.replace('/', '-')}.zip`)
      execFileSync('python3', ['-c', ZIP, join(BUNDLES, path), file])
      expect(verdictOf(await run([...command, ...argumentsOf(vector, file)]))).toEqual(
        expected[path],
      )
    },
  )
})
