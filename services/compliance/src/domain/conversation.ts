import { AppError, isWellFormedText } from '@lexcustis/core'
import { countCodePoints } from './text/code-points.js'

/** Who said a message. What the application or the model says is not an attack on the model. */
export type Speaker = 'system' | 'user' | 'assistant'

export interface Message {
  readonly speaker: Speaker
  readonly content: string
}

export const MAX_MESSAGES = 1_000
/** Characters are Unicode code points. */
export const MAX_CONTENT = 200_000

/** Throws INVALID_INPUT when a conversation is empty, too long or not text. */
export function assertConversation(messages: readonly Message[]): void {
  if (messages.length === 0 || messages.length > MAX_MESSAGES) {
    throw new AppError('INVALID_INPUT', `messages must be 1 to ${MAX_MESSAGES}`, {
      errors: [{ pointer: '/messages', detail: `must be 1 to ${MAX_MESSAGES}` }],
    })
  }
  for (const [index, { content }] of messages.entries()) {
    assertText(content, `/messages/${index}/content`)
  }
}

/** Throws INVALID_INPUT naming the place of a text that is too long or not well-formed. */
export function assertText(text: string, pointer: string, maxLength = MAX_CONTENT): void {
  const detail = problemOf(text, maxLength)
  if (detail === undefined) return
  throw new AppError('INVALID_INPUT', `${pointer} ${detail}`, { errors: [{ pointer, detail }] })
}

function problemOf(text: string, maxLength: number): string | undefined {
  if (text.length > maxLength && countCodePoints(text) > maxLength) {
    return `must be at most ${maxLength} characters`
  }
  if (!isWellFormedText(text)) return 'must not contain NUL or half a surrogate pair'
  return undefined
}
