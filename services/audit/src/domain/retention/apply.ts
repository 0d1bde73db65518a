import type { DraftActor } from '../draft.js'
import { cutoff, firstSince } from './age.js'
import { expireContent, type ExpireDeps, type ExpiredContent, heldIn } from './expire.js'
import { findRetentionHolds, type Hold } from './holds.js'
import { KEEP_EVERYTHING, type RetentionPolicy } from './policy.js'
import type { ContentFound } from './ports.js'
import { findMinimumIndex, finishPruning, type PruneDeps, pruneLog } from './prune.js'

export interface RetentionDeps extends ExpireDeps, PruneDeps {}

/** What a run deleted, or would delete. */
export interface RetentionReport {
  readonly isDryRun: boolean
  readonly content: ContentFound
  readonly records: { readonly count: bigint; readonly minimumIndex: bigint }
  /** Open incidents that hold something whose time is over, in the order in which they were opened. */
  readonly heldBy: readonly string[]
}

interface Plan {
  readonly organizationId: string
  readonly policy: RetentionPolicy
  /** The newest log; undefined without a record. */
  readonly incarnation: string | undefined
  readonly expired: readonly ExpiredContent[]
  readonly minimumIndex: bigint
  readonly heldBy: readonly string[]
}

/**
 * Applies an organisation's policy: first content goes, then records behind it. Content of earlier logs
 * goes as well; their records stay, because what a restore was about is told by them alone. What the
 * run may do is decided before it begins, so that a dry run says the same.
 */
export async function applyRetention(
  deps: RetentionDeps,
  organizationId: string,
  actor: DraftActor,
  isDryRun: boolean,
): Promise<RetentionReport> {
  const plan = await makePlan(deps, organizationId)
  const { heldBy } = plan
  if (isDryRun) {
    return {
      isDryRun,
      content: await countContent(deps, plan),
      records: await countRecords(deps, plan),
      heldBy,
    }
  }
  let content: ContentFound = { records: 0n, fields: 0n }
  for (const part of plan.expired) {
    content = sum(content, await expireContent(deps, actor, part))
  }
  const count = await prune(deps, plan)
  const minimumIndex = await publishedMinimum(deps, plan)
  return { isDryRun, content, records: { count, minimumIndex }, heldBy }
}

async function makePlan(deps: RetentionDeps, organizationId: string): Promise<Plan> {
  const { reader, clock } = deps
  const policy = (await reader.policy(organizationId)) ?? KEEP_EVERYTHING
  const incarnation = (await reader.head(organizationId))?.incarnation
  const { approvedBy, contentDays } = policy
  const expired: ExpiredContent[] = []
  if (contentDays !== undefined) {
    const time = cutoff(clock, contentDays)
    for (const inc of await reader.incarnations(organizationId)) {
      const below = await firstSince(reader, organizationId, inc, time)
      expired.push({ organizationId, incarnation: inc, below, approvedBy })
    }
  }
  const plan = { organizationId, policy, incarnation, expired }
  return {
    ...plan,
    minimumIndex: await findMinimum(deps, plan),
    heldBy: holdersOf(await findRetentionHolds(reader, organizationId), expired),
  }
}

type Unbounded = Omit<Plan, 'minimumIndex' | 'heldBy'>

async function findMinimum(deps: RetentionDeps, plan: Unbounded): Promise<bigint> {
  const rule = ruleOf(plan)
  return rule ? findMinimumIndex(deps, rule) : 0n
}

function ruleOf({ organizationId, incarnation, policy }: Unbounded) {
  const { approvedBy, recordDays } = policy
  if (incarnation === undefined || recordDays === undefined) return undefined
  return { log: { organizationId, incarnation }, recordDays, approvedBy }
}

async function prune(deps: RetentionDeps, plan: Plan): Promise<bigint> {
  const { organizationId, incarnation, minimumIndex } = plan
  if (incarnation === undefined) return 0n
  const rule = ruleOf(plan)
  // What was published is carried out, whatever the policy says today.
  if (!rule) return finishPruning(deps, { organizationId, incarnation })
  return pruneLog(deps, rule, minimumIndex)
}

async function publishedMinimum(deps: RetentionDeps, plan: Unbounded): Promise<bigint> {
  const { organizationId, incarnation } = plan
  if (incarnation === undefined) return 0n
  return (await deps.reader.pruning(organizationId, incarnation))?.minimumIndex ?? 0n
}

async function countContent({ reader }: RetentionDeps, plan: Plan): Promise<ContentFound> {
  const holds = await findRetentionHolds(reader, plan.organizationId)
  let found: ContentFound = { records: 0n, fields: 0n }
  for (const part of plan.expired) {
    found = sum(found, await reader.countContent({ ...part, except: [...heldIn(part, holds)] }))
  }
  return found
}

async function countRecords(deps: RetentionDeps, plan: Plan): Promise<RetentionReport['records']> {
  const { organizationId, incarnation } = plan
  const published = await publishedMinimum(deps, plan)
  const minimumIndex = plan.minimumIndex > published ? plan.minimumIndex : published
  if (incarnation === undefined || minimumIndex === 0n) return { count: 0n, minimumIndex }
  const part = { organizationId, incarnation, below: minimumIndex }
  return { count: (await deps.reader.countRecords(part)).prunable, minimumIndex }
}

/** Incidents that hold something which the policy would have let go. */
function holdersOf(holds: readonly Hold[], expired: readonly ExpiredContent[]): readonly string[] {
  const isExpired = ({ incarnation, sequence }: Hold): boolean =>
    expired.some((part) => part.incarnation === incarnation && sequence < part.below)
  return [...new Set(holds.filter(isExpired).map(({ incident }) => incident))]
}

function sum(a: ContentFound, b: ContentFound): ContentFound {
  return { records: a.records + b.records, fields: a.fields + b.fields }
}
