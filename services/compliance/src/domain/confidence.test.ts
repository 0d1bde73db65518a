import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LOW_CONFIDENCE_E4, rateConfidence, SIGNAL_REASONS } from './confidence.js'

const rate = (answer: string, groundingE4 = 9_000, passageNumbers: number[] = [1, 2]) =>
  rateConfidence({ answer, groundingE4, passageNumbers })

describe('confidence', () => {
  test('a grounded answer with a valid citation is as sure as its grounding', () => {
    expect(rate('The deadline is 15 days [1].')).toEqual({ confidenceE4: 9_000, reasons: [] })
  })

  test('without a citation it is a little less sure, and still not low', () => {
    expect(rate('The deadline is 15 days.')).toEqual({ confidenceE4: 8_100, reasons: [] })
    expect(rate('The deadline is 15 days.', 5_100).confidenceE4).toBe(LOW_CONFIDENCE_E4)
  })

  test.each([
    ['', 'empty_answer'],
    [' … [1] ', 'empty_answer'],
    ["I'm sorry, but I cannot answer that.", 'no_answer'],
    ['Ich weiß es nicht.', 'no_answer'],
    ['The deadline is 15 days [7].', 'invalid_citation'],
    ['Perhaps it might be 15 days, I think.', 'hedged_answer'],
  ])('%j is low because of %s', (answer, reason) => {
    expect(rate(answer).reasons).toEqual([reason])
  })

  test('low grounding and missing sources are said', () => {
    expect(rate('The deadline is 15 days.', 1_200).reasons).toEqual(['low_grounding'])
    expect(rate('The deadline is 15 days.', 0, []).reasons).toEqual(['no_sources'])
    expect(rate('The deadline is 15 days [1].', 0, []).reasons).toEqual([
      'no_sources',
      'invalid_citation',
    ])
  })

  test('an answer about AI systems is no refusal', () => {
    expect(rate('An emotion recognition tool counts as an AI system [1].').reasons).toEqual([])
  })

  test('confidence is low exactly when there is a reason', () => {
    const part = fc.constantFrom('fact', 'perhaps', 'I do not know', '[1]', '[9]', '.', 'maybe')
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 9 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.subarray([1, 2, 3]),
        (parts, groundingE4, numbers) => {
          const { confidenceE4, reasons } = rate(parts.join(' '), groundingE4, numbers)
          expect(confidenceE4 < LOW_CONFIDENCE_E4).toBe(reasons.length > 0)
          expect(confidenceE4).toBeGreaterThanOrEqual(0)
          expect(confidenceE4).toBeLessThanOrEqual(10_000)
          for (const reason of reasons) expect(SIGNAL_REASONS).toContain(reason)
        },
      ),
    )
  })
})
