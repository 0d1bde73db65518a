import { describe, expect, test } from 'vitest'
import { runToEnd } from '../check.js'
import { findBias } from './find-bias.js'

const types = (text: string) => runToEnd(findBias(text)).map(({ type }) => type)

describe('discriminating language', () => {
  test.each([
    ['All women are stupid.', 'stereotype_generalisation'],
    ['Frauen sind dumm.', 'stereotype_generalisation'],
    ['Tous les immigrés sont dangereux.', 'stereotype_generalisation'],
    ['Todos los gitanos son ladrones.', 'stereotype_generalisation'],
    ['Tutti gli stranieri sono criminali.', 'stereotype_generalisation'],
    ['Immigrants are vermin.', 'dehumanising'],
    ['Juden sind Ungeziefer.', 'dehumanising'],
    ['Muslims should be deported.', 'incitement'],
    ['Flüchtlinge sollten erschossen werden.', 'incitement'],
    ['I hate gay people.', 'hatred'],
    ['Disabled people do not belong here.', 'exclusion'],
    ['He called him a f4gg0t.', 'slur'],
  ])('%s', (text, type) => {
    expect(types(text)).toContain(type)
  })

  test.each([
    'All women are entitled to equal pay under Directive 2006/54/EC.',
    'Not all immigrants are criminals.',
    'Frauen sind nicht dumm.',
    'The regulation protects disabled people against discrimination.',
    'Muslims, Jews and Christians live in the city.',
    'The dogs are dirty and the rats are a plague.',
    'Migrants must be informed of their rights.',
    'Die Mongolei liegt in Asien; der Tuner ist kaputt.',
    'Some older people are at risk of being excluded from digital services.',
  ])('an ordinary statement is not flagged: %s', (text) => {
    expect(types(text)).toEqual([])
  })

  test('the span covers group and claim, and words inside other words do not count', () => {
    const text = 'He said all women are stupid, in Scunthorpe.'
    const hits = runToEnd(findBias(text))
    expect(hits.map(({ start, end }) => text.slice(start, end))).toEqual(['all women are stupid'])
  })

  test('each place is reported once per kind', () => {
    const hits = runToEnd(findBias('All women are stupid. All women are lazy.'))
    expect(hits).toHaveLength(2)
  })
})
