import { invalid } from '../../domain/provider-choice.js'
import { type ChatRules, COMMON_RULES } from './chat-dialect.js'
import type { Prompted } from './dialect.js'
import { checkByList } from './listed-model.js'

/**
 * https://docs.ollama.com/api/openai-compatibility: tool_choice and parallel_tool_calls are not among
 * the fields it knows, and what it does not know it ignores.
 */
export const OLLAMA: ChatRules = {
  ...COMMON_RULES,
  adapt,
  check: checkByList({
    isSame: (listed, model) => listed === model || listed === `${model}:latest`,
    advice: (model) => `run ollama pull ${model} on its machine, or name another`,
  }),
}

function adapt(asked: Prompted): Prompted {
  const { tools } = asked
  if (!tools) return asked
  if (tools.inParallel === false) {
    throw invalid('/parallel_tool_calls', 'cannot be switched off with ollama')
  }
  // A model that is shown no tools calls none.
  if (tools.choice === 'none') return { ...asked, tools: undefined }
  if (tools.choice !== undefined && tools.choice !== 'auto') {
    throw invalid('/tool_choice', 'must be auto or none with ollama, which cannot force a call')
  }
  return { ...asked, tools: { ...tools, choice: undefined, inParallel: undefined } }
}
