import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatMicros, systemClock, type TenantContext } from '@lexcustis/core'
import { expect } from 'vitest'
import { openBundle } from '../../../packages/evidence/src/bundle/open-bundle.js'
import { verifyBundle } from '../../../packages/evidence/src/verify/verify-bundle.js'
import type { Exporter } from '../src/domain/export/exporter.js'
import type { ExportRequest } from '../src/domain/export/request.js'

/** Member → bytes, in the order of the stream. */
export type Bundle = Map<string, Buffer>

export interface Verdict {
  readonly exit: number
  readonly failures: readonly { readonly code: string }[]
  readonly not_checked: readonly string[]
}

const SECOND_VERIFIER = fileURLToPath(
  new URL('../../../tools/second-verifier/verify.py', import.meta.url),
)
const run = promisify(execFile)

export const hasPython = await run('python3', ['--version']).then(
  () => true,
  () => false,
)

export const ALL: ExportRequest = { from: '', to: '', previous: 0n, resumeAt: 0n }

export const now = (): string => formatMicros(systemClock.nowMicros())

export async function exported(
  exporter: Exporter,
  who: TenantContext,
  request: Partial<ExportRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Bundle> {
  const pieces = new Map<string, Buffer[]>()
  let last = ''
  for await (const { member, data } of exporter(who, { ...ALL, ...request }, signal)) {
    // One after another: a member that goes on later would be two members of a zip.
    if (member !== last) expect(pieces.has(member)).toBe(false)
    last = member
    expect(data.length).toBeLessThanOrEqual(member === 'manifest.json' ? 1e9 : 65_536)
    pieces.set(member, [...(pieces.get(member) ?? []), data])
  }
  return new Map([...pieces].map(([member, parts]) => [member, Buffer.concat(parts)]))
}

let written = 0

export async function writeBundle(folder: string, bundle: Bundle): Promise<string> {
  written += 1
  const path = join(folder, `bundle-${written}`)
  for (const [member, bytes] of bundle) {
    await mkdir(dirname(join(path, member)), { recursive: true })
    await writeFile(join(path, member), bytes)
  }
  return path
}

/**
 * What both verifiers say of a bundle: ours, and the one that was written from SPEC.md alone, where
 * there is Python.
 */
export async function verdicts(
  folder: string,
  bundle: Bundle,
  keys: readonly string[],
  previous?: string,
): Promise<readonly Verdict[]> {
  const path = await writeBundle(folder, bundle)
  const ours = await verifyBundle(async () => openBundle(path), { keys, previous })
  if (!hasPython) return [ours]
  const note = `${path}.note`
  if (previous !== undefined) await writeFile(note, previous)
  const { stdout } = await run('python3', [
    SECOND_VERIFIER,
    path,
    ...keys.flatMap((key) => ['--key', key]),
    ...(previous === undefined ? [] : ['--previous', note]),
    '--json',
  ]).catch((error: unknown) => error as { stdout: string })
  return [ours, JSON.parse(stdout) as Verdict]
}

export function linesOf(bundle: Bundle, member: string): Record<string, unknown>[] {
  return String(bundle.get(member))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export interface Manifest {
  readonly kind: string
  readonly tree_size: string
  readonly range: { readonly first: string; readonly end: string }
  readonly period: { readonly from: string; readonly to: string }
  readonly counts: Readonly<Record<string, number>>
  readonly members: Readonly<Record<string, object>>
}

export const manifestOf = (bundle: Bundle): Manifest =>
  JSON.parse(String(bundle.get('manifest.json'))) as Manifest

/** `seq/field` → value, or the reason in angle brackets. */
export function contentOf(bundle: Bundle): Record<string, unknown> {
  const lines = linesOf(bundle, 'content.jsonl')
  return Object.fromEntries(
    lines.map(({ seq, field, value, withheld }) => [
      `${String(seq)}/${String(field)}`,
      value ?? `<${String(withheld)}>`,
    ]),
  )
}
