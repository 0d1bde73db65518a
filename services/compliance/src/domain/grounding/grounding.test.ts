import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runToEnd } from '../check.js'
import { stem } from './function-words.js'
import { measureGrounding } from './grounding.js'
import { readCitations, stripCitations } from './statements.js'

const ARTICLE =
  'Providers of high-risk AI systems shall report any serious incident to the market surveillance authorities. ' +
  'The report shall be made not later than 15 days after the provider becomes aware of the serious incident. ' +
  'In the event of a widespread infringement the report shall be provided not later than two days after.'
const OTHER =
  'The museum opens at nine. Tickets cost twelve euros and children enter free of charge.'

const measure = (answer: string, ...passages: string[]) =>
  runToEnd(measureGrounding(answer, passages))

describe('grounding', () => {
  test('an exact quote is fully grounded, whatever its case, accents and citations', () => {
    expect(measure('The REPORT shall be made not later than 15 days after the provider [1] becomes aware of the serious incident.', ARTICLE)).toBe(1) // prettier-ignore
    expect(measure('Les autorités compétentes sont informées [2].', 'LES AUTORITES COMPETENTES SONT INFORMEES.')).toBe(1) // prettier-ignore
  })

  test('any sentence of a passage is grounded in it', () => {
    const words = fc.constantFrom('alpha', 'Beta', 'gamma12', 'not', 'the', '42', 'Übung', 'Größe')
    const sentence = fc.array(words, { minLength: 1, maxLength: 6 }).map((w) => `${w.join(' ')}. `)
    fc.assert(
      fc.property(fc.array(sentence, { minLength: 1 }), fc.nat(), (sentences, pick) => {
        const grounding = measure(sentences[pick % sentences.length]!, OTHER, sentences.join(''))
        // A sentence of function words alone states nothing.
        expect(grounding ?? 1).toBe(1)
      }),
    )
  })

  test('what no passage says is not grounded', () => {
    expect(measure('Penguins live in Antarctica and eat krill.', ARTICLE, OTHER)).toBe(0)
  })

  test('a paraphrase stays above, and an invention below, half', () => {
    expect(measure('A serious incident has to be reported by the provider within 15 days of becoming aware.', ARTICLE)).toBeGreaterThan(0.5) // prettier-ignore
    expect(measure('Importers must pay a fine of 500 euros for each late filing to the court.', ARTICLE)).toBeLessThan(0.3) // prettier-ignore
  })

  test('a different number lowers the score, the same number in words does not', () => {
    const right = measure('A widespread infringement is reported within 2 days.', ARTICLE) ?? 0
    const wrong = measure('A widespread infringement is reported within 7 days.', ARTICLE) ?? 0
    expect(right).toBeGreaterThan(0.4)
    expect(wrong).toBeLessThan(right * 0.6)
  })

  test('a statement turned into its opposite is worth less', () => {
    const passage = 'The deployer may share the report with the public.'
    const same = measure('The deployer may share this report with the public today.', passage) ?? 0
    const turned =
      measure('The deployer may not share this report with the public today.', passage) ?? 0
    expect(turned).toBeLessThan(same * 0.6)
  })

  test('of several sentences each counts by its content', () => {
    const quote = 'Tickets cost twelve euros and children enter free of charge.'
    const half = measure(`${quote} Penguins live in Antarctica, where they eat krill.`, OTHER) ?? 0
    expect(half).toBeGreaterThan(0.3)
    expect(half).toBeLessThan(0.8)
  })

  test('an answer that states nothing has no grounding', () => {
    expect(measure('', ARTICLE)).toBeUndefined()
    expect(measure('[1][2] … !', ARTICLE)).toBeUndefined()
    expect(measure('It is what it is.', ARTICLE)).toBeUndefined()
  })

  test('grounding is a share', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), (answer, passages) => {
        const grounding = measure(answer, ...passages) ?? 0
        expect(grounding).toBeGreaterThanOrEqual(0)
        expect(grounding).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('citations', () => {
  test('are read in every common form and are no part of the answer', () => {
    expect(readCitations('One [1], two [2, 3] and 【4】; not (5) or [a].')).toEqual([1, 2, 3, 4])
    expect(stripCitations('One [1][2] two')).toBe('One    two')
  })
})

describe('stemming', () => {
  test.each([
    ['reports', 'reported'],
    ['meldung', 'meldungen'],
    ['istruzione', 'istruzioni'],
    ['two', '2'],
  ])('%s and %s share a stem', (one, other) => {
    expect(stem(one)).toBe(stem(other))
  })
})
