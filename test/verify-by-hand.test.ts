import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const VECTORS = join(ROOT, 'packages/evidence/vectors/bundles')

/** The commands of the page, in order. */
const commands = [
  ...readFileSync(join(ROOT, 'docs/audit/verify-by-hand.md'), 'utf8').matchAll(
    /^```sh\n(.*?)^```$/gms,
  ),
]
  .map(([, block = '']) => block)
  .join('\n')

const index = JSON.parse(readFileSync(join(VECTORS, 'index.json'), 'utf8')) as {
  readonly bundles: readonly { readonly path: string; readonly keys: readonly string[] }[]
}

function hasTools(): boolean {
  try {
    for (const tool of ['openssl', 'sha256sum', 'xxd', 'bash']) execFileSync('which', [tool])
    return true
  } catch {
    return false
  }
}

interface Outcome {
  readonly code: number
  readonly output: string
}

/** Follows the page inside a copy of a golden bundle. */
async function follow(path: string, change?: (folder: string) => void): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'lexcustis-by-hand-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  cpSync(join(VECTORS, path), folder, { recursive: true })
  change?.(folder)
  const [vkey = ''] = index.bundles.find((bundle) => bundle.path === path)?.keys ?? []
  const env = { PATH: process.env['PATH'], VKEY: vkey }
  return new Promise((resolve) => {
    execFile('bash', ['-eu', '-c', commands], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr })
    })
  })
}

describe.skipIf(!hasTools())('verifying by hand (needs openssl, sha256sum, xxd)', () => {
  test.each(['valid/full', 'valid/full-every-type', 'valid/full-with-erasures'])(
    '%s holds',
    async (path) => {
      const { code, output } = await follow(path)
      expect(output.match(/Signature Verified Successfully/g)).toHaveLength(2)
      expect([code, output]).toEqual([0, expect.stringContaining('the root holds')])
    },
  )

  test.each(['records.jsonl', 'manifest.json', 'checkpoint.note'])(
    'a changed %s does not',
    async (member) => {
      const { code, output } = await follow('valid/full', (folder) => {
        const bytes = readFileSync(join(folder, member))
        const middle = bytes.length >> 1
        bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
        writeFileSync(join(folder, member), bytes)
      })
      expect([code === 0, output.includes('the root holds')]).not.toEqual([true, true])
    },
  )
})
