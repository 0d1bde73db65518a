import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import MiniSearch from 'minisearch'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const GUIDE = join(import.meta.dirname, '../knowledge/guide')
const LAW = join(import.meta.dirname, '../../shared/data/legal-kb')

interface Page {
  readonly file: string
  readonly front: Readonly<Record<string, unknown>>
  readonly heading: string
  readonly body: string
}

function readPage(file: string): Page {
  const [, front = '', heading = '', body = ''] =
    /^---\n(.*?)\n---\n\n# ([^\n]+)\n(.*)$/s.exec(readFileSync(join(GUIDE, file), 'utf8')) ?? []
  return { file, front: (parse(front) ?? {}) as Page['front'], heading, body }
}

const pages = readdirSync(GUIDE)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .map(readPage)
const byName = pages.map((page) => [page.file, page] as const)

/** One citation, in the only spelling the guide uses: act, then article or annex, then its parts. */
const REFERENCE =
  /(AI Act|GDPR) (?:Art\. (\d+[a-z]?)|Arts (\d+)–(\d+)|Annex ([IVX]+)(?: Section ([A-C12]))?)((?:\(\w+\))*)/g

interface Cited {
  readonly whole: string
  readonly act: string
  /** Ids as in the stored law: `art_73`, `anx_IV`; first and last of a range. */
  readonly units: readonly string[]
  readonly section: string | undefined
  readonly parts: readonly string[]
}

function citedIn(text: string): Cited[] {
  return [...text.matchAll(REFERENCE)].map(
    ([whole, act = '', article, first, last, annex, section, parts = '']) => ({
      whole,
      act,
      units: annex
        ? [`anx_${annex}`]
        : [article, first, last].flatMap((number) => (number ? [`art_${number}`] : [])),
      section,
      parts: [...parts.matchAll(/\w+/g)].map(([part]) => part),
    }),
  )
}

const INSERTED_BY_THE_OMNIBUS = ['4a', '60a', '75a', '75b', '75c', '75d']
const ANNEXES = 'I II III IV V VI VII VIII IX X XI XII XIII XIV'.split(' ')
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `art_${i + 1}`)
const UNITS: Readonly<Record<string, ReadonlySet<string>>> = {
  'AI Act': new Set([
    ...numbered(113),
    ...INSERTED_BY_THE_OMNIBUS.map((number) => `art_${number}`),
    ...ANNEXES.map((annex) => `anx_${annex}`),
  ]),
  GDPR: new Set(numbered(99)),
}

const wordsOf = (text: string) =>
  text
    .toLowerCase()
    .normalize('NFKC')
    .match(/[\p{L}\p{N}]+/gu) ?? []

describe.each(byName)('%s', (file, { front, heading, body }) => {
  test('has every field of the front matter and nothing else', () => {
    expect(Object.keys(front).sort()).toEqual(
      ['dated_at', 'language', 'order', 'references', 'title'].sort(),
    )
    expect(front).toMatchObject({ language: 'en', title: heading })
    expect(front['dated_at']).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(front['order']).toSatisfy((order) => Number.isSafeInteger(order))
  })

  test('is named in kebab-case', () => {
    expect(file).toMatch(/^[a-z]+(-[a-z0-9]+)*\.md$/)
  })

  test('is short, and in sections that each name an article', () => {
    const words = body.split(/\s+/).filter((word) => /\w/.test(word)).length
    expect(words).toBeGreaterThanOrEqual(150)
    expect(words).toBeLessThanOrEqual(450)
    const sections = body.split(/^## /m).slice(1)
    expect(sections.length).toBeGreaterThan(1)
    expect(sections.filter((section) => citedIn(section).length === 0)).toEqual([])
  })

  test('cites only what exists, each time with the name of the act', () => {
    const cited = citedIn(body)
    const unknown = cited.filter(({ act, units }) => !units.every((unit) => UNITS[act]?.has(unit)))
    expect(unknown).toEqual([])
    const naked = [...body.matchAll(/.{0,20}\b(?:Art\.|Arts\b|Articles?\b|Annex\b)/g)]
      .map(([before]) => before)
      .filter((before) => !/(AI Act|GDPR) (Art\.|Arts|Annex)$/.test(before))
    expect(naked).toEqual([])
  })

  test('names in the front matter what its text is about', () => {
    const references = front['references'] as string[]
    expect(references.length).toBeGreaterThan(0)
    for (const reference of references) {
      expect(citedIn(reference).map(({ whole }) => whole)).toEqual([reference])
      expect(body).toContain(reference)
    }
  })
})

describe('the guide', () => {
  test('has pages enough to cover both laws, each with its own place and title', () => {
    expect(pages.length).toBeGreaterThanOrEqual(30)
    expect(new Set(pages.map(({ front }) => front['order'])).size).toBe(pages.length)
    expect(new Set(pages.map(({ heading }) => heading)).size).toBe(pages.length)
  })

  test('says once in the readme and once at its start that it is no legal advice', () => {
    const saying = [
      ...pages,
      { file: 'README.md', body: readFileSync(join(GUIDE, 'README.md'), 'utf8') },
    ]
      .filter(({ body }) => /not legal advice/i.test(body))
      .map(({ file }) => file)
    expect(saying.sort()).toEqual(['README.md', 'overview-and-scope.md'])
  })

  const index = new MiniSearch<{ id: string; title: string; text: string }>({
    fields: ['title', 'text'],
    searchOptions: { boost: { title: 2 } },
  })
  index.addAll(pages.map(({ file, heading, body }) => ({ id: file, title: heading, text: body })))

  test.each([
    ['deadline to report a serious incident', 'serious-incidents.md'],
    ['who reports an incident when somebody died, two days or ten days', 'serious-incidents.md'],
    ['how long must logs be kept six months', 'logs-and-retention.md'],
    ['does a chatbot have to say it is AI, chatbot notice', 'chatbot-notice.md'],
    ['watermark for generated images and text', 'marking-generated-content.md'],
    ['label a deepfake', 'deepfakes-and-published-text.md'],
    ['when is a DPIA required', 'gdpr-dpia.md'],
    ['legal basis for chat logs legitimate interest', 'gdpr-legal-basis.md'],
    ['data breach 72 hours', 'gdpr-breach-notification.md'],
    ['delete personal data from the audit log, erasure request', 'gdpr-erasure.md'],
    [
      'fundamental rights impact assessment who must do it',
      'fundamental-rights-impact-assessment.md',
    ],
    ['when do the high-risk rules apply after the omnibus', 'timeline-of-application.md'],
    ['may we use health data to detect bias', 'gdpr-special-categories.md'],
    ['is CV screening high-risk', 'high-risk-areas.md'],
    ['fine-tuning makes us provider', 'becoming-a-provider.md'],
    ['stop button and human oversight', 'human-oversight.md'],
    ['fines maximum turnover percent', 'penalties.md'],
    ['processor contract with the model provider', 'gdpr-processors-and-records.md'],
    ['transfer of prompts to the United States', 'gdpr-transfers.md'],
    ['do employees have to be informed, works council', 'deployer-duties.md'],
    ['what goes into technical documentation Annex IV', 'technical-documentation.md'],
    ['explain a decision to the person affected', 'right-to-explanation.md'],
    ['training of staff literacy', 'ai-literacy.md'],
    [
      'obligations of a model provider, copyright and training summary',
      'general-purpose-models.md',
    ],
  ])('"%s" leads to %s', (question, file) => {
    expect(
      index
        .search(question)
        .slice(0, 3)
        .map(({ id }) => id as string),
    ).toContain(file)
  })
})

interface Unit {
  readonly id: string
  readonly text: string
}
const lawOf = (name: string): Unit[] =>
  (JSON.parse(readFileSync(join(LAW, name), 'utf8')) as { units: Unit[] }).units

/** The part of an article that a citation names, or nothing. Points run to the end of their paragraph. */
function locate(text: string, parts: readonly string[]): string | undefined {
  return parts.reduce<string | undefined>((within, part) => {
    const start = within?.search(new RegExp(`^ *(?:\\(${part}\\)|${part}\\.) `, 'm')) ?? -1
    if (within === undefined || start < 0) return undefined
    const from = within.slice(start)
    if (!/^\d/.test(part)) return from
    const end = from.slice(1).search(/^(?:\d+[a-z]?\.|\(\d+[a-z]?\)) /m)
    return end < 0 ? from : from.slice(0, end + 1)
  }, text)
}

const NUMERALS: Readonly<Record<string, string>> = Object.fromEntries(
  ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'].map((word, i) => [
    word,
    String(i + 1),
  ]),
)
const FIGURE = /(\d+(?:\.\d+)?) ?(%|hour|day|week|month|year|person)/g
const DATE =
  /\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}\b/g

const absent = existsSync(LAW) ? '' : ' (skipped: ../shared/data/legal-kb is not here)'
describe.skipIf(absent !== '')(`against the texts of the law${absent}`, () => {
  const act = absent ? [] : lawOf('ai_act_consolidated_2026-07-27.en.json')
  const gdpr = absent ? [] : lawOf('gdpr.en.json')
  const older = absent ? [] : lawOf('ai_act_oj_2024.en.json')
  const laws = new Map([
    ['AI Act', new Map(act.map(({ id, text }) => [id, text]))],
    ['GDPR', new Map(gdpr.map(({ id, text }) => [id, text]))],
  ])

  /** Longest run of words that the guide may share with the law. */
  const RUN = 14
  const runs = new Set(
    [...act, ...gdpr, ...older].flatMap(({ text }) => {
      const words = wordsOf(text)
      return words.slice(RUN).map((_, i) => words.slice(i, i + RUN + 1).join(' '))
    }),
  )

  test('the list of units that this test knows is that of the consolidated text', () => {
    for (const [name, units] of laws) {
      const known = [...units.keys()].filter((id) => /^(art|anx)_/.test(id))
      expect(new Set(known)).toEqual(UNITS[name])
    }
  })

  test.each(byName)('%s cites paragraphs and points that are there', (_, { body, front }) => {
    const lost = citedIn(`${body}\n${(front['references'] as string[]).join('\n')}`).filter(
      ({ act: name, units, section, parts }) =>
        units.some((unit) => {
          const text = laws.get(name)?.get(unit) ?? ''
          const within = section
            ? (new RegExp(`^Section ${section}\\b.*?(?=^Section |$(?![^]))`, 'ms').exec(text) ??
                [])[0]
            : text
          return !within || locate(within, parts) === undefined
        }),
    )
    expect(lost.map(({ whole }) => whole)).toEqual([])
  })

  test.each(byName)('%s is in our own words', (_, { heading, body }) => {
    const words = wordsOf(`${heading} ${body}`)
    const copied = words
      .map((_word, i) => words.slice(i, i + RUN + 1).join(' '))
      .filter((run) => runs.has(run))
    expect(copied).toEqual([])
  })

  /** Numbers as the law or the guide writes them, in one spelling: `2 day`, `15 000 000 eur`. */
  const figuresIn = (text: string): Set<string> => {
    const digits = text
      .replace(/[*\s]+/g, ' ')
      .replace(
        /\b(one|two|three|four|five|six|seven|eight)\b/gi,
        (word) => NUMERALS[word.toLowerCase()] ?? word,
      )
      .replace(/(\d+(?:\.\d+)?) million/g, (_, millions: string) => String(Number(millions) * 1e6))
      .replace(/(?<=\d) (?=\d{3}\b)/g, '')
    return new Set([
      ...[...digits.matchAll(FIGURE)].map(([, count = '', unit = '']) => `${count} ${unit}`),
      ...[...digits.matchAll(/EUR (\d+)|(\d+) EUR/g)].map(([, a, b]) => `${a ?? b ?? ''} EUR`),
      ...(digits.match(DATE) ?? []),
    ])
  }

  /** What neither law says; README.md names the source of each. */
  const outside = figuresIn(readFileSync(join(GUIDE, 'README.md'), 'utf8'))
  test.each(byName)(
    '%s gives no date, period or amount that the cited article lacks',
    (_, { body }) => {
      const unfounded = body.split('\n').flatMap((line) => {
        const cited = citedIn(line).flatMap(({ act: name, units }) =>
          units.map((unit) => laws.get(name)?.get(unit) ?? ''),
        )
        const founded = figuresIn(cited.join('\n'))
        return [...figuresIn(line)]
          .filter((figure) => !founded.has(figure) && !outside.has(figure))
          .map((figure) => `${figure}: ${line}`)
      })
      expect(unfounded).toEqual([])
    },
  )
})
