import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runToEnd } from '../check.js'
import { countCodePoints, createCodePointIndex } from './code-points.js'
import { foldIdentifierPoint, foldText, foldWord, foldWordPoint } from './fold.js'
import { otherSpellings } from './spelling.js'
import { readWords } from './words.js'

const anyText = fc.string({ unit: 'binary' })

describe('code points', () => {
  test('offsets cut the same text out of code points as out of UTF-16', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(), (text, a, b) => {
        const points = Array.from(text)
        const boundaries = points.reduce<number[]>(
          (ends, point) => [...ends, (ends.at(-1) ?? 0) + point.length],
          [0],
        )
        const [start, end] = [a, b].map((n) => n % boundaries.length).sort((x, y) => x - y)
        const toCodePoint = createCodePointIndex(text)
        const [from, to] = [boundaries[start!]!, boundaries[end!]!]
        expect(points.slice(toCodePoint(from), toCodePoint(to)).join('')).toBe(text.slice(from, to))
      }),
    )
  })

  test('a character outside the Basic Multilingual Plane counts once', () => {
    expect(countCodePoints('a😀b')).toBe(3)
    expect(createCodePointIndex('a😀b')(3)).toBe(2)
  })
})

describe('folding', () => {
  test('every unit of the folded text comes from a code point of the original, in order', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(foldIdentifierPoint, foldWordPoint), (text, fold) => {
        const folded = foldText(text, fold, false)
        let before = 0
        for (let at = 0; at < folded.text.length; at++) {
          const [start, end] = [folded.startOf(at), folded.endOf(at)]
          expect(start).toBeGreaterThanOrEqual(before)
          expect(Array.from(text.slice(start, end))).toHaveLength(1)
          expect(fold(text.slice(start, end))).toContain(folded.text[at])
          before = start
        }
      }),
    )
  })

  test.each([
    ['Straße', 'strasse'],
    ['ÉCŒURANT', 'ecoeurant'],
    ['ｆｕｌｌｗｉｄｔｈ', 'fullwidth'],
    ['zero\u200bwidth', 'zerowidth'],
    ['łódź', 'lodz'],
  ])('%s folds to %s', (word, folded) => {
    expect(foldWord(word)).toBe(folded)
  })

  test('digits of other scripts become ASCII digits', () => {
    expect(Array.from('٠١٢३४𝟓６', foldIdentifierPoint).join('')).toBe('0123456')
  })
})

describe('words', () => {
  test('a word stands where the original has its letters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        for (const { start, end, text: word } of runToEnd(readWords(text))) {
          // One character may fold to several signs, of which some are letters: ㈎ is (가).
          expect(foldWord(text.slice(start, end))).toContain(word)
        }
      }),
    )
  })

  test('a full stop before a space ends a sentence, one inside a number does not', () => {
    const sentences = runToEnd(readWords('It costs 2.5 euros. Cheap!')).map((word) => word.sentence)
    expect(sentences).toEqual([0, 0, 0, 0, 0, 1])
  })

  test('lookalikes and leetspeak are also read as the letters they imitate', () => {
    expect(otherSpellings('іgnоrе')).toContain('ignore')
    expect(otherSpellings('1gn0r3')).toContain('ignore')
    expect(otherSpellings('pl3a5e')).toContain('please')
    expect(otherSpellings('ignore')).toEqual([])
  })
})
