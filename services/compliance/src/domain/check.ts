/** The families of checks; policy is set per family. */
export const CHECKS = ['pii', 'injection', 'bias', 'grounding'] as const
export type Check = (typeof CHECKS)[number]

/** Something found in one text. `start` and `end` are UTF-16 offsets into that text, end exclusive. */
export interface Hit {
  /** What it is, for example "email" or "instruction_override". */
  readonly type: string
  /** Which rule fired; stable across versions. */
  readonly rule: string
  readonly start: number
  readonly end: number
  /** 0 to 10000. */
  readonly scoreE4: number
}

/** A hit as it is reported: offsets are Unicode code points, and it says where it was found. */
export interface Finding extends Hit {
  readonly check: Check
  /** Index of the message in the request; 0 for an answer. */
  readonly messageIndex: number
}

/** Findings below this are too weak to act on and are not reported. */
export const REPORTED_FROM_E4 = 5_000

/**
 * More findings than this in one request are not listed: nobody reads them, and the answer must stay
 * below the transport's limit. The decision never depends on the ones left out.
 */
export const MAX_FINDINGS = 20_000

/**
 * Work that can stop between steps: a long text must not keep other requests waiting. Each `yield`
 * is a place where the scheduler may let others run.
 */
export type Paced<T> = Generator<undefined, T, undefined>

/** Runs paced work to its end at once; for callers that have nobody to wait for. */
export function runToEnd<T>(work: Paced<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
