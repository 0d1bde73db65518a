import { fromBase64 } from '#platform'
import { commit, SALT_BYTES } from '../commitment.js'
import { COMMITTED_FIELDS, type CommittedField } from '../record-types.js'
import { readLine } from './json-lines.js'
import { hasKeys, isText, readSequence } from './json-object.js'

/** A line of content.jsonl: a value, or the exporter's word that it withholds one. */
export interface ContentLine {
  readonly seq: bigint
  readonly field: CommittedField
  readonly line: number
  /** What the value commits to; undefined when it is withheld. */
  readonly commitment: string | undefined
}

const REASON = /^[!-~]{1,128}$/

/** Undefined when it is none. */
export function readContentLine(bytes: Uint8Array, line: number): ContentLine | undefined {
  const value = readLine(bytes)
  if (!value) return undefined
  const { field, withheld } = value
  const seq = readSequence(value['seq'])
  if (seq === undefined || !isField(field)) return undefined
  const place = { seq, field, line }
  if (hasKeys(value, ['seq', 'field', 'withheld'])) {
    return isText(withheld) && REASON.test(withheld)
      ? { ...place, commitment: undefined }
      : undefined
  }
  if (!hasKeys(value, ['seq', 'field', 'salt', 'value'])) return undefined
  const commitment = commitmentOf(value)
  return commitment === undefined ? undefined : { ...place, commitment }
}

function commitmentOf({ salt, value }: Record<string, unknown>): string | undefined {
  const bytes = isText(salt) ? fromBase64(salt) : undefined
  // Half of a surrogate pair has no UTF-8.
  if (bytes?.length !== SALT_BYTES || !isText(value) || /\p{Surrogate}/u.test(value)) {
    return undefined
  }
  return commit(bytes, value)
}

function isField(value: unknown): value is CommittedField {
  return (COMMITTED_FIELDS as readonly unknown[]).includes(value)
}
