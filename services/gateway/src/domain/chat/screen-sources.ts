import type { Checks, Found, Hop } from './ports.js'

/**
 * Has the sources checked for instructions to the model. Those that the policy withholds are left out,
 * and the others numbered anew; those that stay are flagged. Without a verdict there is no answer.
 */
export async function screenSources(
  checks: Pick<Checks, 'checkSources'>,
  found: Found,
  hop: Hop,
): Promise<Found> {
  if (found.passages.length === 0) return found
  const verdicts = await checks.checkSources(found.passages, hop)
  if (verdicts.length === 0) return found
  const verdictOn = new Map(verdicts.map((verdict) => [verdict.n, verdict]))
  const withheld = verdicts.filter(({ isWithheld }) => isWithheld)
  const kept = found.passages.filter(({ n }) => !verdictOn.get(n)?.isWithheld)
  return {
    ...found,
    isDegraded: found.isDegraded || withheld.length > 0,
    sourceRules: [...new Set(verdicts.flatMap(({ reasons }) => reasons))].sort(),
    passages: kept.map((passage, index) => {
      const reasons = verdictOn.get(passage.n)?.reasons
      return { ...passage, n: index + 1, ...(reasons ? { flags: reasons } : {}) }
    }),
  }
}
