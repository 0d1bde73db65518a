import { describe, expect, test } from 'vitest'
import type { CompletionEvent, Question, Source } from '../completion.js'
import { extractiveCompleter } from './extractive-completer.js'

const NO_SAMPLING = {
  temperature: undefined,
  topP: undefined,
  maxTokens: undefined,
  seed: undefined,
  stop: [],
}

async function ask(question: string, sources: readonly Source[], maxTokens?: number) {
  const events: CompletionEvent[] = []
  const stream = extractiveCompleter.complete(
    {
      model: 'extractive',
      messages: [{ speaker: 'user', content: question }],
      sources,
      sampling: { ...NO_SAMPLING, maxTokens },
    },
    new AbortController().signal,
  )
  for await (const event of stream) events.push(event)
  const deltas = events.flatMap((event) => (event.kind === 'delta' ? [event.text] : []))
  return { events, deltas, text: deltas.join('') }
}

// Regulation (EU) 2024/1689, Articles 72(1) and 73(2) to (4).
const AI_ACT: Source[] = [
  {
    n: 1,
    title: 'AI Act › Article 72',
    text: `1. Providers shall establish and document a post-market monitoring system in a manner that is
proportionate to the nature of the AI technologies and the risks of the high-risk AI system.`,
  },
  {
    n: 2,
    title: 'AI Act › Article 73',
    text: `2. The report referred to in paragraph 1 shall be made immediately after the provider has
established a causal link between the AI system and the serious incident or the reasonable likelihood
of such a link, and, in any event, not later than 15 days after the provider or, where applicable, the
deployer, becomes aware of the serious incident.
The period for the reporting referred to in the first subparagraph shall take account of the severity
of the serious incident.
3. Notwithstanding paragraph 2 of this Article, in the event of a widespread infringement or a serious
incident as defined in Article 3, point (49)(b), the report referred to in paragraph 1 of this Article
shall be provided immediately, and not later than two days after the provider or, where applicable, the
deployer becomes aware of that incident.
4. Notwithstanding paragraph 2, in the event of the death of a person, the report shall be provided
immediately after the provider or the deployer has established, or as soon as it suspects, a causal
relationship between the high-risk AI system and the serious incident, but not later than 10 days after
the date on which the provider becomes aware of the serious incident.`,
  },
]

describe('the extractive provider', () => {
  test('quotes the rule that the question is about, and cites it', async () => {
    const { text, deltas } = await ask(
      'Which events must be reported within two days?',
      [...AI_ACT].reverse(),
    )
    expect(deltas[1]).toContain('widespread infringement')
    expect(deltas[1]).toContain('not later than two days')
    expect(deltas[1]).toMatch(/” \[2\]$/)
    expect(text).not.toContain('post-market')
    expect(deltas.length).toBeGreaterThan(1)
  })

  test('finds a number written as a digit or in another language', async () => {
    const sources = [
      { n: 1, title: '', text: 'Der Bericht ist binnen 2 Tagen vorzulegen.' },
      { n: 2, title: '', text: 'Der Antrag ist binnen fünf Wochen zu prüfen.' },
    ]
    const { text } = await ask('Was muss nach zwei Tagen vorliegen?', sources)
    expect(text).toContain('binnen 2 Tagen vorzulegen.” [1]')
    expect(text).not.toContain('[2]')
  })

  test('says first that it only quotes', async () => {
    const { deltas } = await ask('post-market monitoring system', AI_ACT)
    expect(deltas[0]).toMatch(/only quotes the sources\.$/)
  })

  test.each([
    ['there are no sources', []],
    ['no source has anything to do with the question', AI_ACT],
  ])('says that nothing was found when %s', async (_, sources) => {
    const { deltas, text } = await ask('Wer gewann die Weltmeisterschaft?', sources)
    expect(text).toMatch(/^Nothing about this was found in the sources\./)
    expect(deltas.length).toBeGreaterThan(1)
  })

  test('folds case, diacritics and endings', async () => {
    const { text } = await ask('¿Quién aprueba los VUELOS?', [
      { n: 7, title: '', text: 'El director aprueba cada vuelo. La cafetería abre a las ocho.' },
    ])
    expect(text).toContain('“El director aprueba cada vuelo.” [7]')
    expect(text).not.toContain('cafetería')
  })

  test('prefers what a section says to its heading, and takes long lists apart', async () => {
    const items = Array.from({ length: 30 }, (_, n) => `(${n}) item number ${n} of a long list;`)
    const { deltas } = await ask('What are prohibited practices?', [
      {
        n: 1,
        title: '',
        text: `## Prohibited practices\n\nThese are listed: ${items.join(' ')} prohibited practices are fined.`,
      },
    ])
    expect(deltas[1]).toBe('\n\n“prohibited practices are fined.” [1]')
  })

  test('quotes the same sentence of overlapping passages once', async () => {
    const text = 'The manager approves every flight.'
    const { deltas } = await ask('Who approves flights?', [
      { n: 1, title: '', text },
      { n: 2, title: '', text },
    ])
    expect(deltas).toHaveLength(2)
  })

  test('ends with counted usage and the finish, and gives the same answer again', async () => {
    const first = await ask('two days', AI_ACT)
    expect(first.events.slice(-2)).toMatchObject([
      { kind: 'usage', usage: { isEstimated: true } },
      { kind: 'finished', reason: 'stop' },
    ])
    expect(await ask('two days', AI_ACT)).toEqual(first)
  })

  test('stops at max_tokens', async () => {
    const { events, deltas } = await ask('two days', AI_ACT, 20)
    expect(deltas).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ kind: 'finished', reason: 'length' })
  })

  test.each<[string, Partial<Question>]>([
    [
      '/tools',
      {
        tools: {
          definitions: [{ type: 'function', function: { name: 'x' } }],
          choice: undefined,
          inParallel: undefined,
        },
      },
    ],
    ['/response_format', { format: { type: 'json_object' } }],
    ['/stop', { sampling: { ...NO_SAMPLING, stop: ['END'] } }],
  ])('refuses %s by name', async (pointer, change) => {
    const question: Question = {
      model: 'extractive',
      messages: [{ speaker: 'user', content: 'two days' }],
      sources: AI_ACT,
      sampling: NO_SAMPLING,
      ...change,
    }
    const events = extractiveCompleter.complete(question, new AbortController().signal)
    const first = events[Symbol.asyncIterator]().next()
    await expect(first).rejects.toMatchObject({ reason: 'INVALID_INPUT', errors: [{ pointer }] })
  })
})
