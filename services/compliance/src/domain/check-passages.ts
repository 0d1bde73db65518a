import { type Finding, type Paced, REPORTED_FROM_E4 } from './check.js'
import { toFindings } from './findings.js'
import { findInjection } from './injection/find-injection.js'
import { blockReasons, type Policy } from './policy.js'
import type { Passage } from './post-check.js'

/** Instructions to the model in one source (indirect injection, Greshake et al. 2023, arXiv 2302.12173). */
export interface PassageReport {
  readonly n: number
  /** 0 to 10000, also when too low to be reported. */
  readonly injectionE4: number
  readonly findings: readonly Finding[]
}

export interface PassageVerdict extends PassageReport {
  /** What was found, as `check:type`, each once; never empty. */
  readonly reasons: readonly string[]
  /** The policy keeps the source from the model. */
  readonly isWithheld: boolean
}

/** Looks into every source as into what a person wrote: whoever wrote it is less trusted still. */
export function* inspectPassages(passages: readonly Passage[]): Paced<PassageReport[]> {
  const reports: PassageReport[] = []
  for (const [index, { n, text }] of passages.entries()) {
    yield
    const { scoreE4, hits } = yield* findInjection(text)
    reports.push({
      n,
      injectionE4: scoreE4,
      findings: toFindings(text, index, { injection: hits }),
    })
  }
  return reports
}

/** Verdicts on the sources in which something was found. */
export function judgePassages(reports: readonly PassageReport[], policy: Policy): PassageVerdict[] {
  return reports.flatMap((report) => {
    const found = report.findings.filter(({ scoreE4 }) => scoreE4 >= REPORTED_FROM_E4)
    if (found.length === 0) return []
    const reasons = [...new Set(found.map(({ check, type }) => `${check}:${type}`))]
    return [{ ...report, reasons, isWithheld: blockReasons(policy, found).length > 0 }]
  })
}
