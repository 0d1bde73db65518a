import { formatFailure } from '../verify/format-failure.js'
import type { Report } from '../verify/report.js'

const VERDICTS = {
  valid: 'VALID: everything that was checked holds.',
  invalid: 'INVALID: this bundle is not what it claims to be.',
  error: 'NOT VERIFIED: verification could not start.',
} as const

/** A report for people: the verdict first, and always what was not checked. */
export function formatReport(report: Report): string {
  const parts = [
    VERDICTS[report.result],
    section('Failures', report.failures.map(formatFailure)),
    section('What holds', report.holds),
    section('What was not checked', report.not_checked),
    section('Notes', report.notes),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  - ${line}`).join('\n')}`
}
