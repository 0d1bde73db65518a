import { type ChatRules, COMMON_RULES } from './chat-dialect.js'
import { byName, checkByList } from './listed-model.js'

/**
 * vLLM, llama.cpp, LM Studio and whatever else speaks OpenAI's form. Everything is passed on as it
 * is; what such an endpoint does not know it refuses or ignores, and nobody here can tell which.
 * https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
 */
export const OPENAI_COMPATIBLE: ChatRules = {
  ...COMMON_RULES,
  check: checkByList({ isSame: byName }),
}
