import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { FailureCode } from '../failure.js'

export const USAGE = `Usage: lexcustis-verify <bundle folder or zip> --key <vkey> [options]

Verifies an export of the audit log without a database, a network or a vendor.

  --key <vkey>       key that may have signed, as <name>+<id>+<base64>; may be repeated.
                     @<file> reads one key a line. Take it from a source you trust,
                     never from the bundle.
  --previous <file>  an earlier checkpoint (checkpoint.note) that the log has to continue
  --json             machine-readable result
  --help, --version

Exit code: 0 valid, 1 invalid, 2 verification could not start.
`

export interface Arguments {
  readonly bundle: string
  /** C2SP vkeys. */
  readonly keys: readonly string[]
  /** Text of a signed note. */
  readonly previous: string | undefined
}

/** Arguments that cannot be used. */
export class UsageError extends Error {
  constructor(
    readonly code: FailureCode,
    message: string,
  ) {
    super(message)
  }
}

const MAX_NOTE_BYTES = 1_000_000

/** Throws UsageError. */
export function readArguments(args: readonly string[]): Arguments | 'help' | 'version' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  if (values.version) return 'version'
  const [bundle, ...others] = positionals
  if (bundle === undefined || others.length > 0) {
    throw new UsageError('bundle_unreadable', 'name one folder or zip')
  }
  const keys = (values.key ?? []).flatMap(readKey)
  if (keys.length === 0) throw new UsageError('key_malformed', 'no --key was given')
  const { previous } = values
  return { bundle, keys, previous: previous === undefined ? undefined : readNoteFile(previous) }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: 'string', multiple: true },
        previous: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError('internal', error instanceof Error ? error.message : 'bad arguments')
  }
}

/** A vkey, or with @ the file that has one on every line. */
function readKey(key: string): string[] {
  if (!key.startsWith('@')) return [key]
  const lines = readText(key.slice(1), 'key_malformed').split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

function readNoteFile(path: string): string {
  const text = readText(path, 'previous_malformed')
  if (text.length > MAX_NOTE_BYTES) {
    throw new UsageError('previous_malformed', 'the earlier checkpoint is too large')
  }
  return text
}

function readText(path: string, code: FailureCode): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new UsageError(code, `cannot read ${path}`)
  }
}
