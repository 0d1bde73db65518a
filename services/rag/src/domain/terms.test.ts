import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldText } from './fold.js'
import { gramsOf, indexTerms, searchableText, wordsOf } from './terms.js'

describe('words', () => {
  test.each([
    ['Réglement ÜBER Straßen', ['reglement', 'uber', 'strassen']],
    ["l'école n° 5", ['l', 'ecole', 'n', '5']],
    ['Ο νόμος ΝΌΜΟΣ', ['ο', 'νομοσ', 'νομοσ']],
    ['Łódź, Đakovo; Ærø', ['lodz', 'dakovo', 'aero']],
    ['ﬁnance ＡＢＣ', ['finance', 'abc']],
    ['data_protection-2024', ['data', 'protection', '2024']],
    ['人工知能法', ['人工', '工知', '知能', '能法']],
    ['?! — …', []],
  ])('of %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  test('of scripts without spaces are pairs, whichever letter it is', () => {
    const letter =
      /(?=\p{L})[\p{Script=Han}\p{Script=Hiragana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
    const missed: string[] = []
    for (let point = 0x80; point <= 0x10ffff; point++) {
      const one = String.fromCodePoint(point)
      // Compatibility forms are several letters once they are unfolded.
      if (!letter.test(one) || foldText(one) !== one) continue
      if (wordsOf(`a ${one.repeat(3)}`).length !== 3) missed.push(point.toString(16))
    }
    expect(missed).toEqual([])
  })

  test('do not depend on case or on how accents are encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(wordsOf(text.normalize('NFD'))).toEqual(wordsOf(text.normalize('NFC')))
        expect(foldText(foldText(text))).toBe(foldText(text))
      }),
    )
  })

  test('give terms without white space, bounded, and never half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        for (const term of indexTerms(wordsOf(text))) {
          expect(term).not.toMatch(/\s|\p{Surrogate}/u)
          expect(Buffer.byteLength(term)).toBeLessThan(300)
        }
      }),
    )
  })

  test('are indexed with their beginnings', () => {
    expect(indexTerms(['reported', 'two'])).toEqual(['reported', 'two', '^repor', '^two'])
  })

  test('are cut into every four letters, ends marked', () => {
    expect(gramsOf('event')).toEqual(['_eve', 'even', 'vent', 'ent_'])
    expect(gramsOf('a')).toEqual(['_a_'])
  })
})

test('a passage is found by the name of its document and its headings', () => {
  const passage = {
    documentName: 'Travel policy.md',
    headingPath: ['Trains'],
    text: 'Second class.',
  }
  expect(wordsOf(searchableText(passage))).toEqual([
    'travel',
    'policy',
    'trains',
    'second',
    'class',
  ])
})
