import { AppError } from '@lexcustis/core'
import type { Completer, CompletionEvent, Question } from '../completion.js'
import { estimateTokens, estimateUsage } from '../token-estimate.js'
import { selectQuotations } from './select.js'

const QUOTED = 'No language model is configured, so this answer only quotes the sources.'
const NOTHING = 'Nothing about this was found in the sources.'
const NOT_WRITTEN = 'No language model is configured, so no other answer can be given.'

/**
 * Answers without a model: quotes the sentences that share most with the last question, each with
 * its citation. The same question and sources give the same answer.
 */
export const extractiveCompleter: Completer = {
  async *complete(question: Question, signal: AbortSignal): AsyncGenerator<CompletionEvent> {
    const limit = question.sampling.maxTokens ?? Infinity
    let characters = 0
    let isCut = false
    for (const text of piecesOf(question)) {
      if (signal.aborted) throw AppError.from(signal.reason)
      isCut = estimateTokens(characters + text.length) > limit
      if (isCut) break
      characters += text.length
      yield { kind: 'delta', text }
    }
    yield { kind: 'usage', usage: estimateUsage(question.messages, characters) }
    yield { kind: 'finished', reason: isCut ? 'length' : 'stop', modelSnapshot: question.model }
  },
}

function piecesOf({ messages, sources }: Question): string[] {
  const question = messages.findLast(({ speaker }) => speaker === 'user')?.content ?? ''
  const quotations = selectQuotations(question, sources)
  if (quotations.length === 0) return [NOTHING, ` ${NOT_WRITTEN}`]
  return [QUOTED, ...quotations.map(({ n, sentence }) => `\n\n“${sentence}” [${n}]`)]
}
