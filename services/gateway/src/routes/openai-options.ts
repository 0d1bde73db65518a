import { type ModelOptions, NO_OPTIONS } from '../domain/chat/request.js'
import { notTaken } from './openai-parameters.js'
import type { OpenAiBody } from './openai-schema.js'

type Options = Pick<OpenAiBody, 'tools' | 'tool_choice' | 'parallel_tool_calls' | 'response_format'>

/** Tools and the form of the answer, as they came; what says nothing is left out. */
export function readOptions(body: Options): ModelOptions {
  const { response_format: format } = body
  const responseFormat = format && format.type !== 'text' ? JSON.stringify(format) : ''
  return { ...readTools(body), responseFormat }
}

function readTools(body: Options): Omit<ModelOptions, 'responseFormat'> {
  const { tools, tool_choice: choice, parallel_tool_calls: inParallel } = body
  if (!tools || tools.length === 0) {
    // Only these two mean the same without tools.
    if (choice && choice !== 'none' && choice !== 'auto') {
      throw notTaken('/tool_choice', 'tool_choice needs tools')
    }
    return NO_OPTIONS
  }
  return {
    tools: JSON.stringify(tools),
    toolChoice: choice ? JSON.stringify(choice) : '',
    inParallel: inParallel ?? undefined,
  }
}
