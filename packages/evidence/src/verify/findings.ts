import type { FailureCode } from '../failure.js'
import type { Failure } from './report.js'

/** Where something does not hold. */
export interface Place {
  readonly seq?: bigint
  readonly field?: string
  readonly member?: string
  readonly line?: number
}

/** Failures of one code that all rest on the same members. */
interface Group {
  readonly code: FailureCode
  readonly restsOn: readonly string[]
  readonly member: string | undefined
  readonly first: Failure[]
  count: number
}

/** Failures kept of each group: a million broken records must not fill memory. */
const KEPT = 100

/**
 * Collects what does not hold. A failure rests on the members it was read from; when one of those
 * turns out not to be what the manifest lists, what was read from it means nothing and is left out:
 * the member itself is the one failure.
 */
export class Findings {
  readonly #groups = new Map<string, Group>()
  readonly #broken = new Set<string>()

  /** `restsOn`: members besides `place.member` whose content this failure relies on. */
  add(
    code: FailureCode,
    detail: string,
    { seq, field, member, line }: Place = {},
    restsOn: readonly string[] = [],
  ): void {
    const sources = member === undefined ? restsOn : [member, ...restsOn]
    const failure: Failure = {
      code,
      detail,
      ...(seq === undefined ? {} : { seq: String(seq) }),
      ...(field === undefined ? {} : { field }),
      ...(member === undefined ? {} : { member }),
      ...(line === undefined ? {} : { line }),
    }
    this.#push(failure, sources)
  }

  /** A member that cannot be used; `code` says why. Only the first reason counts. */
  breakMember(member: string, code: FailureCode, detail: string): void {
    if (this.#broken.has(member)) return
    this.#broken.add(member)
    this.#push({ code, detail, member }, [])
  }

  isBroken(member: string): boolean {
    return this.#broken.has(member)
  }

  /** Whether one of these failures was found and means something. */
  has(codes: readonly FailureCode[]): boolean {
    return this.#standing().some(({ code }) => codes.includes(code))
  }

  /** Whether something was found in this member. */
  hasFor(member: string): boolean {
    return this.#standing().some((group) => group.member === member)
  }

  get isEmpty(): boolean {
    return this.#standing().length === 0
  }

  /** At most 100 of each code. */
  failures(): Failure[] {
    const listed = new Map<FailureCode, number>()
    return this.#standing().flatMap(({ code, first }) => {
      const before = listed.get(code) ?? 0
      const part = first.slice(0, KEPT - before)
      listed.set(code, before + part.length)
      return part
    })
  }

  /** How many more there are than `failures` lists, by code. */
  more(): ReadonlyMap<FailureCode, number> {
    const totals = new Map<FailureCode, number>()
    for (const { code, count } of this.#standing()) {
      totals.set(code, (totals.get(code) ?? 0) + count)
    }
    return new Map(
      [...totals].flatMap(([code, total]) => (total > KEPT ? [[code, total - KEPT] as const] : [])),
    )
  }

  #push(failure: Failure, restsOn: readonly string[]): void {
    const { code, member } = failure
    const key = [code, member ?? '', ...restsOn].join('\n')
    const group = this.#groups.get(key) ?? { code, restsOn, member, first: [], count: 0 }
    this.#groups.set(key, group)
    group.count += 1
    if (group.first.length < KEPT) group.first.push(failure)
  }

  #standing(): Group[] {
    return [...this.#groups.values()].filter(
      ({ restsOn }) => !restsOn.some((member) => this.#broken.has(member)),
    )
  }
}
