import type { InjectionMeaning } from './meanings.js'

/** Kinds of injection that are reported; `type` of a finding. */
export type InjectionType =
  | 'instruction_override'
  | 'system_prompt_extraction'
  | 'role_play_jailbreak'
  | 'chat_template_tokens'
  | 'encoding_smuggling'
  | 'exfiltration'

export interface InjectionRule {
  readonly id: string
  readonly type: InjectionType
  /** How sure one occurrence makes us by itself, 0 to 10000; rules combine as independent evidence. */
  readonly scoreE4: number
  readonly steps: readonly (InjectionMeaning | readonly InjectionMeaning[])[]
  /** Other words allowed between two steps. */
  readonly gap: number
  /** The steps may be in different sentences. */
  readonly acrossSentences?: boolean
}

/** Later on the same page, whatever stands between. */
const WITHIN_A_PAGE = { gap: 200, acrossSentences: true } as const

const INSTRUCTIONS = ['instruction', 'system_prompt', 'told'] as const

const OVERRIDE: readonly InjectionRule[] = [
  { id: 'override.prior', type: 'instruction_override', scoreE4: 9_200, steps: ['override', 'prior', INSTRUCTIONS], gap: 4 },
  { id: 'override.prior-after', type: 'instruction_override', scoreE4: 9_200, steps: ['override', INSTRUCTIONS, 'prior'], gap: 4 },
  { id: 'override.verb-last', type: 'instruction_override', scoreE4: 8_500, steps: ['prior', 'instruction', 'override'], gap: 3 },
  { id: 'override.all', type: 'instruction_override', scoreE4: 7_500, steps: ['override', 'all', INSTRUCTIONS], gap: 1 },
  { id: 'override.your', type: 'instruction_override', scoreE4: 7_500, steps: ['override', 'your', INSTRUCTIONS], gap: 2 },
  { id: 'override.told', type: 'instruction_override', scoreE4: 7_500, steps: ['override', 'told'], gap: 4 },
  { id: 'override.direct', type: 'instruction_override', scoreE4: 4_500, steps: ['override', 'instruction'], gap: 1 },
  { id: 'override.context', type: 'instruction_override', scoreE4: 6_500, steps: ['override', 'prior', 'content'], gap: 2 },
  { id: 'override.regardless', type: 'instruction_override', scoreE4: 6_000, steps: ['regardless', 'prior', ['instruction', 'content']], gap: 2 },
  { id: 'override.new', type: 'instruction_override', scoreE4: 4_000, steps: ['new', 'instruction', 'from_now'], gap: 8 },
] // prettier-ignore

const EXTRACTION: readonly InjectionRule[] = [
  { id: 'extract.system-prompt', type: 'system_prompt_extraction', scoreE4: 8_500, steps: [['reveal', 'ask'], 'system_prompt'], gap: 5 },
  { id: 'extract.your', type: 'system_prompt_extraction', scoreE4: 6_500, steps: ['reveal', 'your', 'instruction'], gap: 3 },
  { id: 'extract.what', type: 'system_prompt_extraction', scoreE4: 5_500, steps: ['ask', 'your', 'instruction'], gap: 1 },
  { id: 'extract.above', type: 'system_prompt_extraction', scoreE4: 7_000, steps: ['reveal', 'prior', 'instruction'], gap: 2 },
  { id: 'extract.secret', type: 'system_prompt_extraction', scoreE4: 6_000, steps: [['reveal', 'ask'], 'your', 'secret'], gap: 2 },
  { id: 'extract.secret-of', type: 'system_prompt_extraction', scoreE4: 6_000, steps: [['reveal', 'ask'], 'secret', 'your'], gap: 2 },
] // prettier-ignore

const JAILBREAK: readonly InjectionRule[] = [
  { id: 'jailbreak.name', type: 'role_play_jailbreak', scoreE4: 9_000, steps: ['jailbreak'], gap: 0 },
  { id: 'jailbreak.persona-unrestricted', type: 'role_play_jailbreak', scoreE4: 2_800, steps: ['persona', 'unrestricted'], ...WITHIN_A_PAGE },
  { id: 'jailbreak.persona-without-limits', type: 'role_play_jailbreak', scoreE4: 4_000, steps: ['persona', 'without', 'limit'], gap: 3, acrossSentences: true },
  { id: 'jailbreak.without-limits', type: 'role_play_jailbreak', scoreE4: 2_500, steps: ['without', 'limit'], gap: 2 },
  { id: 'jailbreak.unrestricted', type: 'role_play_jailbreak', scoreE4: 1_500, steps: ['unrestricted'], gap: 0 },
  { id: 'jailbreak.unrestricted-answer', type: 'role_play_jailbreak', scoreE4: 3_000, steps: ['unrestricted', 'response'], gap: 3 },
  { id: 'jailbreak.persona', type: 'role_play_jailbreak', scoreE4: 1_200, steps: ['persona'], gap: 0 },
  { id: 'jailbreak.from-now', type: 'role_play_jailbreak', scoreE4: 2_000, steps: ['from_now'], gap: 0 },
  { id: 'jailbreak.character', type: 'role_play_jailbreak', scoreE4: 3_500, steps: ['character'], gap: 0 },
  { id: 'jailbreak.never-refuse', type: 'role_play_jailbreak', scoreE4: 4_000, steps: ['without', 'refuse'], gap: 2 },
  { id: 'jailbreak.must-obey', type: 'role_play_jailbreak', scoreE4: 3_000, steps: ['must', 'obey'], gap: 2 },
  { id: 'jailbreak.no-disclaimer', type: 'role_play_jailbreak', scoreE4: 2_500, steps: ['without', 'disclaimer'], gap: 4 },
  { id: 'jailbreak.vendor-rules', type: 'role_play_jailbreak', scoreE4: 3_500, steps: ['vendor', ['limit', 'instruction']], gap: 3 },
  { id: 'jailbreak.no-vendor', type: 'role_play_jailbreak', scoreE4: 3_000, steps: ['without', 'vendor'], gap: 2 },
  { id: 'jailbreak.harmful', type: 'role_play_jailbreak', scoreE4: 2_500, steps: ['harmful', ['regardless', 'unrestricted', 'limit', 'harmful']], gap: 6 },
  { id: 'jailbreak.regardless', type: 'role_play_jailbreak', scoreE4: 2_500, steps: [['obey', 'response'], 'regardless'], gap: 8 },
  { id: 'jailbreak.regardless-harm', type: 'role_play_jailbreak', scoreE4: 4_500, steps: ['regardless', 'harmful'], gap: 8 },
  { id: 'jailbreak.two-answers', type: 'role_play_jailbreak', scoreE4: 4_000, steps: ['two', 'way'], gap: 2 },
  { id: 'jailbreak.prefix', type: 'role_play_jailbreak', scoreE4: 3_500, steps: ['begin', 'response', 'affirm'], gap: 12, acrossSentences: true },
  { id: 'jailbreak.fiction-without-limits', type: 'role_play_jailbreak', scoreE4: 2_500, steps: ['fiction', 'without', 'limit'], gap: 12, acrossSentences: true },
] // prettier-ignore

const EXFILTRATION: readonly InjectionRule[] = [
  { id: 'exfiltrate.conversation', type: 'exfiltration', scoreE4: 3_500, steps: ['send', ['conversation', 'secret', 'system_prompt']], gap: 5 },
  { id: 'exfiltrate.remote', type: 'exfiltration', scoreE4: 6_000, steps: ['send', 'conversation', 'remote'], gap: 12, acrossSentences: true },
] // prettier-ignore

export const WORD_RULES: readonly InjectionRule[] = [
  ...OVERRIDE,
  ...EXTRACTION,
  ...JAILBREAK,
  ...EXFILTRATION,
]
