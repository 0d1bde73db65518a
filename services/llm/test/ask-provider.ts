import type { Completer, CompletionEvent, Question } from '../src/domain/completion.js'
import { MODEL } from './vendors/wire.js'

export const SECRET_WORDS = 'the secret question'

export function questionOf(change: Partial<Question> = {}): Question {
  return {
    model: MODEL,
    messages: [{ speaker: 'user', content: SECRET_WORDS }],
    sources: [],
    sampling: samplingOf(),
    ...change,
  }
}

export function samplingOf(change: Partial<Question['sampling']> = {}): Question['sampling'] {
  return {
    temperature: undefined,
    topP: undefined,
    maxTokens: undefined,
    seed: undefined,
    stop: [],
    ...change,
  }
}

export interface Answered {
  readonly events: readonly CompletionEvent[]
  readonly kinds: readonly string[]
  readonly text: string
  readonly calls: readonly { id: string; name: string; arguments: string }[]
  readonly error: unknown
}

export interface AskOptions {
  readonly signal?: AbortSignal
  readonly onEvent?: (count: number) => void
}

/** Everything that came, and what was thrown at its end. */
export async function ask(
  completer: Completer,
  question = questionOf(),
  { signal = new AbortController().signal, onEvent }: AskOptions = {},
): Promise<Answered> {
  const events: CompletionEvent[] = []
  let error: unknown
  try {
    for await (const event of completer.complete(question, signal)) {
      events.push(event)
      onEvent?.(events.length)
    }
  } catch (thrown) {
    error = thrown
  }
  const text = events.map((event) => (event.kind === 'delta' ? event.text : '')).join('')
  return { events, kinds: events.map(({ kind }) => kind), text, calls: callsOf(events), error }
}

function callsOf(events: readonly CompletionEvent[]) {
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const event of events) {
    if (event.kind !== 'tool_call') continue
    const call = (calls[event.index] ??= { id: '', name: '', arguments: '' })
    call.id += event.id
    call.name += event.name
    call.arguments += event.arguments
  }
  return calls
}
