import { type Check, CHECKS, type Finding, REPORTED_FROM_E4 } from './check.js'

/** What happens on a finding. */
export type Mode = 'monitor' | 'block'

export interface Policy {
  /** Changes with every change of the policy; DEFAULT_POLICY's when none was set. */
  readonly version: string
  readonly modes: Readonly<Record<Check, Mode>>
}

/** In force until an organisation sets its own: record, do not interfere. */
export const DEFAULT_POLICY: Policy = {
  version: 'default-1',
  modes: { pii: 'monitor', injection: 'monitor', bias: 'monitor', grounding: 'monitor' },
}

/** Keeps the policies of organisations. */
export interface PolicyStore {
  /** The policy in force: DEFAULT_POLICY when none was set. */
  get(organizationId: string): Promise<Policy>
  /** Replaces the modes named and returns the policy now in force, under a new version. */
  set(change: PolicyChange): Promise<Policy>
}

export interface PolicyChange {
  readonly organizationId: string
  /** Who changes it. */
  readonly userId: string
  /** Checks left out keep their mode. */
  readonly modes: Readonly<Partial<Record<Check, Mode>>>
}

/** Below this grounding an answer with sources is blocked when the policy blocks on grounding. */
export const GROUNDING_BLOCK_BELOW_E4 = 4_000

/** Checks whose verdict comes only after the answer: blocking on them means holding it back. */
const OUTPUT_CHECKS = ['pii', 'bias', 'grounding'] as const satisfies readonly Check[]

/** True when the policy can block an answer, which must then be held until it has been checked. */
export function holdsOutput({ modes }: Policy): boolean {
  return OUTPUT_CHECKS.some((check) => modes[check] === 'block')
}

/** Why a policy blocks on findings, as `check:type`, each once; empty when it does not. */
export function blockReasons({ modes }: Policy, findings: readonly Finding[]): string[] {
  const reasons = findings
    .filter(({ check, scoreE4 }) => modes[check] === 'block' && scoreE4 >= REPORTED_FROM_E4)
    .map(({ check, type }) => `${check}:${type}`)
  return [...new Set(reasons)]
}

/** Fills what a change leaves out from the modes before it. */
export function changeModes(
  before: Policy['modes'],
  change: PolicyChange['modes'],
): Policy['modes'] {
  return Object.fromEntries(
    CHECKS.map((check) => [check, change[check] ?? before[check]]),
  ) as Policy['modes']
}
