import { type ChatRules, COMMON_RULES } from './chat-dialect.js'
import { byName, checkByList } from './listed-model.js'

/** https://platform.openai.com/docs/api-reference/chat/create */
export const OPENAI: ChatRules = {
  ...COMMON_RULES,
  // Models since o1 refuse max_tokens.
  maxTokens: 'max_completion_tokens',
  check: checkByList({
    isSame: byName,
    advice: () => 'check its name, and whether the project of the API key may use it',
  }),
}
