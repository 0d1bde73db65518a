import type { Message, Question, Usage } from './completion.js'

/**
 * Tokens per UTF-16 unit, as tokenizers of current models count on average: four ASCII characters to
 * a token (the rule of thumb of OpenAI's documentation), about two letters of the other alphabets of
 * Europe, and one token for a sign of Chinese, Japanese or Korean.
 */
function weightOf(unit: number): number {
  if (unit < 0x80) return 0.25
  return unit < 0x590 ? 0.5 : 1
}

/** Adds up while a text comes in pieces. */
export class TokenCount {
  private weight = 0

  add(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.weight += weightOf(text.charCodeAt(at))
  }

  get tokens(): number {
    return Math.ceil(this.weight)
  }
}

export function estimateTokens(text: string): number {
  const count = new TokenCount()
  count.add(text)
  return count.tokens
}

/** The longest beginning of a text that is within so many tokens, ending between two words. */
export function beginningWithin(text: string, tokens: number): string {
  let weight = 0
  let end = 0
  while (end < text.length) {
    weight += weightOf(text.charCodeAt(end))
    if (weight > tokens) break
    end += 1
  }
  if (end === text.length) return text
  const lastBlank = text.slice(0, end).search(/\s\S*$/)
  return text.slice(0, lastBlank < 0 ? 0 : lastBlank)
}

/** Chat templates wrap every message into some. */
const TOKENS_PER_MESSAGE = 4

/** What a conversation takes, with its tools and the form of its answer. */
export function estimateQuestion({
  messages,
  tools,
  format,
}: Pick<Question, 'messages' | 'tools' | 'format'>): number {
  const extras = [tools?.definitions, format].filter((extra) => extra !== undefined)
  return (
    messages.reduce((sum, message) => sum + TOKENS_PER_MESSAGE + estimateMessage(message), 0) +
    extras.reduce((sum, extra) => sum + estimateTokens(JSON.stringify(extra)), 0)
  )
}

function estimateMessage(message: Message): number {
  const calls = message.speaker === 'assistant' ? (message.toolCalls ?? []) : []
  const count = new TokenCount()
  count.add(message.content)
  for (const { name, arguments: given } of calls) count.add(name + given)
  return count.tokens
}

/** For providers that do not count; marked, so that nobody takes it for a bill. */
export function estimateUsage(
  question: Pick<Question, 'messages' | 'tools' | 'format'>,
  tokensOut: number,
): Usage {
  return { tokensIn: estimateQuestion(question), tokensOut, isEstimated: true }
}
