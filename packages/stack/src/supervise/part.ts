/** A program that belongs to the stack, while it runs. */
export interface RunningPart {
  readonly pid: number
  /** Settles when it has ended, whoever ended it, and says how. */
  readonly ended: Promise<string>
  /** Orderly; kills it when it takes too long. */
  readonly stop: () => Promise<void>
  /** At once. */
  readonly kill: () => Promise<void>
}

/** Something that can be started, and started again after it died. */
export interface Part {
  readonly name: string
  readonly logFile: string
  readonly start: () => Promise<RunningPart>
}

/** `exit code 1`, `SIGKILL`: how a process ended, for people. */
export function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ?? `exit code ${code ?? 0}`
}
