import type { Hit } from '../check.js'
import type { InjectionType } from './rules.js'

/** Something that speaks for an injection; weak ones count only together. */
export interface Evidence extends Hit {
  readonly type: InjectionType
}

/** Independent pieces of evidence combined: the chance that at least one of them is right. */
export function combine(evidence: readonly Evidence[]): number {
  const doubt = evidence.reduce((rest, { scoreE4 }) => rest * (1 - scoreE4 / 10_000), 1)
  return Math.round((1 - doubt) * 10_000)
}
