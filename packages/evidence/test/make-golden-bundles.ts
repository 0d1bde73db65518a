import type { Members } from './bundle-builder.js'
import type { GoldenCase } from './golden-case.js'
import { TAMPERED_INSIDE } from './golden-tampered.js'
import { TAMPERED_OUTSIDE } from './golden-tampered-outside.js'
import { VALID } from './golden-valid.js'

/** Whole `vectors/bundles`; `node tools/generate-vectors.mjs` writes it. */
export const GOLDEN_CASES: readonly GoldenCase[] = [
  ...VALID,
  ...[...TAMPERED_INSIDE, ...TAMPERED_OUTSIDE].sort((a, b) => (a.path < b.path ? -1 : 1)),
]

/** What `vectors/bundles/index.json` says of one bundle. */
export interface GoldenEntry {
  readonly path: string
  readonly about: string
  readonly keys: readonly string[]
  /** File with the earlier checkpoint to pass, beside the index. */
  readonly previous?: string
  readonly result: 'valid' | 'invalid' | 'error'
  readonly exit: 0 | 1 | 2
  readonly codes: readonly string[]
}

export interface GoldenIndex {
  readonly about: string
  readonly bundles: readonly GoldenEntry[]
}

const ABOUT =
  'Exports of the audit log (SPEC.md, section 8), and what a verifier says of them: `codes` is the ' +
  'set of failure codes, no more and no less. `keys` are passed with --key, `previous` with --previous.'

/** Path below `vectors/bundles` → bytes. The same every time. */
export async function makeGoldenBundles(): Promise<Members> {
  const files: Members = new Map()
  const bundles: GoldenEntry[] = []
  for (const golden of GOLDEN_CASES) {
    const built = await golden.build()
    if (Buffer.isBuffer(built)) files.set(golden.path, built)
    else for (const [path, bytes] of built) files.set(`${golden.path}/${path}`, bytes)
    const previous = `previous/${golden.path.replace(/^.*\//, '')}.note`
    if (golden.previous !== undefined) files.set(previous, Buffer.from(golden.previous))
    bundles.push(entryOf(golden, golden.previous === undefined ? {} : { previous }))
  }
  const index: GoldenIndex = { about: ABOUT, bundles }
  files.set('index.json', Buffer.from(`${JSON.stringify(index, undefined, 1)}\n`))
  return files
}

function entryOf(
  { path, about, keys, codes, exit }: GoldenCase,
  previous: Pick<GoldenEntry, 'previous'>,
): GoldenEntry {
  const result = (['valid', 'invalid', 'error'] as const)[exit]
  return { path, about, keys, ...previous, result, exit, codes: [...codes].sort() }
}
