import { AppError } from '@lexcustis/core'
import type { Completer, CompletionEvent, Question } from '../completion.js'
import { invalid } from '../provider-choice.js'
import { EXTRACTIVE_PROVIDER } from '../provider.js'
import { estimateTokens, estimateUsage, TokenCount } from '../token-estimate.js'
import { selectQuotations } from './select.js'

const QUOTED = 'No language model is configured, so this answer only quotes the sources.'
const NOTHING = 'Nothing about this was found in the sources.'
const NOT_WRITTEN = 'No language model is configured, so no other answer can be given.'
const NEEDS_A_MODEL =
  'cannot be used with extractive, which only quotes the sources; choose a language model'

/**
 * Answers without a model: quotes the sentences that share most with the last question, each with
 * its citation. The same question and sources give the same answer.
 */
export const extractiveCompleter: Completer = {
  async *complete(question: Question, signal: AbortSignal): AsyncGenerator<CompletionEvent> {
    refuseWhatNeedsAModel(question)
    const limit = question.sampling.maxTokens ?? Infinity
    const count = new TokenCount()
    let isCut = false
    for (const text of piecesOf(question)) {
      if (signal.aborted) throw AppError.from(signal.reason)
      isCut = count.tokens + estimateTokens(text) > limit
      if (isCut) break
      count.add(text)
      yield { kind: 'delta', text }
    }
    yield { kind: 'usage', usage: estimateUsage(question, count.tokens) }
    const { kind: provider, region } = EXTRACTIVE_PROVIDER
    const { model } = question
    const reason = isCut ? 'length' : 'stop'
    yield { kind: 'finished', reason, modelSnapshot: model, provider, model, region }
  },
}

/** Sampling has nothing to act on here and may be asked for; what would change the text may not. */
function refuseWhatNeedsAModel({ tools, format, sampling }: Question): void {
  if (tools) throw invalid('/tools', NEEDS_A_MODEL)
  if (format) throw invalid('/response_format', NEEDS_A_MODEL)
  if (sampling.stop.length > 0) throw invalid('/stop', NEEDS_A_MODEL)
}

function piecesOf({ messages, sources }: Question): string[] {
  const question = messages.findLast(({ speaker }) => speaker === 'user')?.content ?? ''
  const quotations = selectQuotations(question, sources)
  if (quotations.length === 0) return [NOTHING, ` ${NOT_WRITTEN}`]
  return [QUOTED, ...quotations.map(({ n, sentence }) => `\n\n“${sentence}” [${n}]`)]
}
