import type { Failure } from './report.js'

/** A failure on one line, for people. */
export function formatFailure({ code, detail, seq, field, member, line }: Failure): string {
  const place = [
    seq === undefined ? '' : `record ${seq}`,
    field === undefined ? '' : `field ${field}`,
    member ?? '',
    line === undefined ? '' : `line ${line}`,
  ].filter((part) => part !== '')
  return `${code}: ${detail}${place.length === 0 ? '' : ` (${place.join(', ')})`}`
}
