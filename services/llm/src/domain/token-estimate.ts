import type { Message, Usage } from './completion.js'

/** Rule of thumb of tokenizers for European languages; OpenAI's documentation names it as well. */
const CHARACTERS_PER_TOKEN = 4

export function estimateTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN)
}

/** For providers that do not count; marked, so that nobody takes it for a bill. */
export function estimateUsage(prompt: readonly Message[], answerCharacters: number): Usage {
  const asked = prompt.reduce((sum, { content }) => sum + content.length, 0)
  return {
    tokensIn: estimateTokens(asked),
    tokensOut: estimateTokens(answerCharacters),
    isEstimated: true,
  }
}
