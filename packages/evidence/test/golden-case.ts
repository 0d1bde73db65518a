import type { FailureCode } from '../src/index.js'
import { type BundleSpec, buildBundle, type Members } from './bundle-builder.js'
import { goldenLog, plainLog } from './golden-logs.js'
import { VKEY } from './test-log.js'

/** One golden bundle, and what every verifier has to say of it. */
export interface GoldenCase {
  /** Folder or zip below `vectors/bundles`. */
  readonly path: string
  readonly about: string
  /** Exactly these, each any number of times; none of a bundle that is valid. */
  readonly codes: readonly FailureCode[]
  readonly exit: 0 | 1 | 2
  /** C2SP vkeys to pass. */
  readonly keys: readonly string[]
  /** Earlier checkpoint to pass. */
  readonly previous?: string
  /** Members of a folder, or the bytes of a zip. */
  readonly build: () => Promise<Members | Buffer>
}

export interface CaseOptions {
  readonly keys?: readonly string[]
  readonly previous?: string
  readonly exit?: 2
}

/** Failures that say that verification could not start (SPEC.md, section 7). */
const NOT_STARTED: readonly FailureCode[] = [
  'bundle_unreadable',
  'bundle_unsafe',
  'key_malformed',
  'manifest_malformed',
  'manifest_missing',
  'manifest_version',
]

export const PLAIN: BundleSpec = { log: plainLog, kind: 'full' }
export const FULL: BundleSpec = { log: goldenLog, kind: 'full' }
export const RANGE: BundleSpec = {
  log: goldenLog,
  kind: 'range',
  period: { from: timeOf(5), to: timeOf(8) },
}
export const EXCERPT: BundleSpec = { log: goldenLog, kind: 'excerpt', seqs: [5n, 12n] }

export function timeOf(seq: number): string {
  return goldenLog.records[seq]!.envelope.recorded_at
}

export function validCase(
  name: string,
  about: string,
  spec: BundleSpec,
  options: CaseOptions = {},
): GoldenCase {
  const build = async (): Promise<Members> => buildSmall(spec)
  return { path: `valid/${name}`, about, codes: [], exit: 0, build, keys: [VKEY], ...options }
}

/** `codes`: one, or several that all have to be there. The first one names the folder. */
export function tamperedCase(
  codes: FailureCode | readonly FailureCode[],
  name: string,
  about: string,
  spec: BundleSpec,
  options: CaseOptions = {},
): GoldenCase {
  const all = typeof codes === 'string' ? [codes] : codes
  return {
    path: `tampered/${all[0]}--${name}`,
    about,
    codes: all,
    exit: all.some((code) => NOT_STARTED.includes(code)) ? 2 : 1,
    build: async () => buildSmall(spec),
    keys: [VKEY],
    ...options,
  }
}

/** A bundle of which the specification is one line: what stands in it is not authoritative. */
async function buildSmall(spec: BundleSpec): Promise<Members> {
  const members = (all: Members): void => {
    all.set('SPEC.md', Buffer.from('# The audit log: see packages/evidence/SPEC.md\n'))
    spec.members?.(all)
  }
  return buildBundle({ ...spec, members })
}
