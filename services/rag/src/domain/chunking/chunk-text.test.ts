import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunkText, MAX_CHUNK_SIZE } from './chunk-text.js'
import { TextSizes } from './text-sizes.js'

const chunksOf = (text: string, isMarkdown = true) => [...chunkText(text, isMarkdown)]

/** Text with everything that decides where a chunk ends. */
const line = fc.oneof(
  { weight: 6, arbitrary: fc.lorem({ mode: 'sentences', maxCount: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  fc.constantFrom('', '', '# One', '## Two', '### Three', '```', '---', 'Article 5', 'ANNEX IV'),
  fc.constantFrom('1. Providers shall act.', '(a) a point;', '- item', '🌴'.repeat(700)),
  fc.constantFrom('7'.repeat(5_000), `a${' '.repeat(4_000)}b`, '\t\t', 'mañana '.repeat(600)),
)
const text = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r', '\n\n')), { maxLength: 40 })
  .map((lines) => lines.flat().join(''))

describe('chunks', () => {
  test('are exactly what stands between their offsets, in code points', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (document, isMarkdown) => {
        const points = Array.from(document)
        for (const { start, end, text } of chunkText(document, isMarkdown)) {
          expect(points.slice(start, end).join('')).toBe(text)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('together hold every character that is not white space', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (document, isMarkdown) => {
        const points = Array.from(document)
        const isCovered = new Uint8Array(points.length)
        for (const { start, end } of chunkText(document, isMarkdown)) isCovered.fill(1, start, end)
        const lost = points.filter((point, i) => !isCovered[i] && /\S/.test(point))
        expect(lost).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  test('are bounded, in order, numbered without gaps, and begin and end with a character', () => {
    fc.assert(
      fc.property(text, (document) => {
        let last = { start: -1, end: -1 }
        for (const [i, chunk] of chunksOf(document).entries()) {
          expect(chunk.ordinal).toBe(i)
          expect(new TextSizes(chunk.text).between(0, chunk.text.length)).toBeLessThanOrEqual(
            MAX_CHUNK_SIZE,
          )
          expect(chunk.text.trim()).toBe(chunk.text)
          expect(chunk.start).toBeGreaterThan(last.start)
          expect(chunk.end).toBeGreaterThan(last.end)
          last = chunk
        }
      }),
      { numRuns: 150 },
    )
  })

  test('are the same for the same text', () => {
    fc.assert(
      fc.property(text, (document) => {
        expect(chunksOf(document)).toEqual(chunksOf(document))
      }),
      { numRuns: 30 },
    )
  })

  test('are bounded in the tokens that a model counts, and lose nothing', () => {
    // Greedy and uneven, as tokenizers are; like theirs, it begins anew at white space.
    const count = (part: string) => part.match(/[aeiou]|[^\saeiou]{1,3}/gu)?.length ?? 0
    fc.assert(
      fc.property(text, fc.boolean(), (document, isMarkdown) => {
        let at = 0
        for (const chunk of chunkText(document, isMarkdown, count)) {
          expect(count(chunk.text)).toBeLessThanOrEqual(MAX_CHUNK_SIZE / 100)
          const points = Array.from(document)
          expect(points.slice(chunk.start, chunk.end).join('')).toBe(chunk.text)
          expect(points.slice(at, Math.max(at, chunk.start)).join('')).not.toMatch(/\S/)
          at = Math.max(at, chunk.end)
        }
        expect(Array.from(document).slice(at).join('')).not.toMatch(/\S/)
      }),
      { numRuns: 100 },
    )
  })

  test('of a text without words are none', () => {
    expect(chunksOf('')).toEqual([])
    expect(chunksOf(' \n\t\r\n ')).toEqual([])
  })
})

describe('structure', () => {
  const paths = (document: string, isMarkdown = true) =>
    chunksOf(document, isMarkdown).map(({ headingPath }) => headingPath)

  test('gives each section its own chunk, with the headings above it', () => {
    const document = '# Law\n\n## Scope\n\nIt applies.\n\n## Terms\n\nThey mean.\n\n# Annex\n\nEnd.'
    expect(paths(document)).toEqual([['Law', 'Scope'], ['Law', 'Terms'], ['Annex']])
    expect(chunksOf(document)[0]?.text).toBe('# Law\n\n## Scope\n\nIt applies.')
  })

  test('knows underlined headings and leaves code alone', () => {
    const document = 'Title\n=====\n\nText.\n\n```sh\n# no heading\n```\n\nPart\n----\n\nMore.'
    expect(paths(document)).toEqual([['Title'], ['Title', 'Part']])
  })

  test('knows articles of laws in several languages, in plain text too', () => {
    const document = [
      'CHAPTER II\n\nArticle 5\nProhibited practices\n\nNo one shall.',
      'Artikel 6 – Einstufung\n\nEs gilt.',
      '§ 7\n\nSatz.',
      'Άρθρο 8\n\nΙσχύει.',
    ].join('\n\n')
    expect(paths(document, false)).toEqual([
      ['CHAPTER II', 'Article 5 Prohibited practices'],
      ['CHAPTER II', 'Artikel 6 – Einstufung'],
      ['CHAPTER II', '§ 7'],
      ['CHAPTER II', 'Άρθρο 8'],
    ])
  })

  test.each([
    'It refers to\nArticle 6 of the Treaty\nand to others',
    'Article 6 shall apply.',
    'Article 6 and what follows from it for providers',
    'Particles 9',
  ])('does not take a mention for a heading: %j', (document) => {
    expect(paths(document, false)).toEqual([[]])
  })

  test('keeps sentences whole and repeats one where a paragraph is split', () => {
    const sentences = Array.from({ length: 120 }, (_, i) => `This is sentence number ${i} of it.`)
    const chunks = chunksOf(sentences.join(' '), false)
    expect(chunks.length).toBeGreaterThan(1)
    for (const { text } of chunks) expect(text).toMatch(/^This .*\.$/)
    for (const [i, chunk] of chunks.slice(1).entries()) {
      expect(chunk.start).toBeLessThan(chunks[i]?.end ?? 0)
    }
  })

  test('repeats nothing between paragraphs', () => {
    const paragraph = 'Words and words. '.repeat(40).trim()
    const chunks = chunksOf([paragraph, paragraph, paragraph, paragraph].join('\n\n'), false)
    expect(chunks.length).toBeGreaterThan(1)
    for (const [i, { start }] of chunks.slice(1).entries()) {
      expect(start).toBeGreaterThan(chunks[i]?.end ?? 0)
    }
  })

  test('cuts a long section into chunks of similar size', () => {
    const document = `# Section\n\n${'1. A paragraph of about sixty characters, as laws have them.\n'.repeat(60)}`
    const sizes = chunksOf(document).map(({ text }) => text.length)
    expect(Math.min(...sizes)).toBeGreaterThan(0.6 * Math.max(...sizes))
  })
})
