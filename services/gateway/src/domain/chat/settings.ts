/** Durations of a chat, in milliseconds, and the version written into every start. */
export interface ChatSettings {
  /** A stream is closed within this time after its start (GATEWAY_CHAT_MAX_MS). */
  readonly maxMs: number
  readonly codeVersion: string
  /** How long a client waits for its receipt while the audit service does not answer. */
  readonly receiptWaitMs: number
  /** How long an end is tried, in all. */
  readonly keepTryingMs: number
  readonly firstRetryMs: number
  readonly maxRetryMs: number
  /** A start whose append was not answered is looked for after each of these pauses. */
  readonly lookAgainMs: readonly number[]
}

export const DEFAULT_CHAT_SETTINGS = {
  receiptWaitMs: 10_000,
  keepTryingMs: 300_000,
  firstRetryMs: 100,
  maxRetryMs: 5_000,
  lookAgainMs: [500, 1_000, 2_000, 5_000, 5_000, 15_000, 30_000, 60_000],
} as const satisfies Partial<ChatSettings>
