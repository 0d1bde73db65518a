import type { Paced } from '../check.js'
import type { Evidence } from './evidence.js'
import type { InjectionType } from './rules.js'

interface MarkupRule {
  readonly id: string
  readonly type: InjectionType
  readonly scoreE4: number
  /** Every quantifier is bounded or stops at the sign that follows it, so matching is linear. */
  readonly pattern: RegExp
}

const RULES: readonly MarkupRule[] = [
  {
    id: 'template.special-token',
    type: 'chat_template_tokens',
    scoreE4: 8_500,
    // Control tokens of ChatML, Llama 3, Phi, GPT: they mean a role change to the model and nothing to people.
    pattern:
      /<[|｜](?:im_start|im_end|im_sep|system|user|assistant|endoftext|begin_of_text|end_of_text|start_header_id|end_header_id|eot_id|endofprompt|end|end_of_turn)[|｜]>/i,
  },
  {
    id: 'template.llama2',
    type: 'chat_template_tokens',
    scoreE4: 8_000,
    pattern: /\[\/?INST\]|<<\/?SYS>>|<(?:start|end)_of_turn>/,
  },
  {
    id: 'template.role-header',
    type: 'chat_template_tokens',
    scoreE4: 4_500,
    pattern:
      /(?:^|\n)[ \t]{0,4}#{2,4} ?(?:system|instruction|response|assistant)(?: prompt| message)? ?:/i,
  },
  {
    id: 'template.role-tag',
    type: 'chat_template_tokens',
    scoreE4: 4_500,
    pattern:
      /<\/?(?:system|system_prompt|assistant|sys)>|[[{(]\s{0,2}(?:system|admin|developer)(?: (?:message|note|override|prompt))?\s{0,2}[:\])}]/i,
  },
  {
    id: 'template.dialogue',
    type: 'chat_template_tokens',
    scoreE4: 3_000,
    pattern: /\n[ \t]{0,4}(?:assistant|system)[ \t]{0,2}:[^\n]{0,2000}\n[ \t]{0,4}(?:human|user)[ \t]{0,2}:/i,
  },
  {
    id: 'jailbreak.dan',
    type: 'role_play_jailbreak',
    scoreE4: 4_000,
    pattern: /(?<![A-Z])(?:[A-Z][a-z]+)?DAN(?![A-Za-z])/,
  },
  {
    id: 'jailbreak.answer-tags',
    type: 'role_play_jailbreak',
    scoreE4: 3_000,
    pattern: /\[(?:🔒 ?classic|🔓 ?jailbreak|classic|jailbreak|gpt|filtered|unfiltered|normal output|developer mode output)\]/iu,
  },
  {
    id: 'exfiltrate.image-placeholder',
    type: 'exfiltration',
    scoreE4: 6_500,
    // A picture whose address is to be filled in: fetching it sends what was filled in.
    pattern: /!\[[^[\]\n]{0,200}\]\(\s{0,4}https?:\/\/[^\s(){[<$]{1,300}[{[<$]/i,
  },
  {
    id: 'exfiltrate.image-query',
    type: 'exfiltration',
    scoreE4: 2_500,
    pattern: /!\[[^[\]\n]{0,200}\]\(\s{0,4}https?:\/\/[^\s()?]{1,300}\?[^\s()]{1,300}=/i,
  },
] // prettier-ignore

/** Signs and markup that words do not show. */
export function* findMarkup(text: string): Paced<Evidence[]> {
  const found: Evidence[] = []
  for (const { id, type, scoreE4, pattern } of RULES) {
    yield
    const match = pattern.exec(text)
    if (!match) continue
    const end = match.index + match[0].length
    found.push({ type, rule: `injection.${id}`, start: match.index, end, scoreE4 })
  }
  return found
}
