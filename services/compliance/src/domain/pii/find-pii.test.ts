import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createIdentifierValidators } from '../../adapters/identifier-validators.js'
import { runToEnd } from '../check.js'
import { toFindings } from '../findings.js'
import { findPii } from './find-pii.js'

const validators = createIdentifierValidators()
const find = (text: string) =>
  runToEnd(findPii(text, validators)).map(({ type, start, end }) => [type, text.slice(start, end)])

describe('identifiers in running text', () => {
  test.each([
    ['Write to Anna.Schmidt+eu@example.org, please.', 'email', 'Anna.Schmidt+eu@example.org'],
    ['mail:müller@exämple.de!', 'email', 'müller@exämple.de'],
    ['Schreib an john＠example.com', 'email', 'john＠example.com'],
    // Registry examples of ISO 13616.
    ['IBAN DE89 3704 0044 0532 0130 00 bitte', 'iban', 'DE89 3704 0044 0532 0130 00'],
    ['FR1420041010050500013M02606', 'iban', 'FR1420041010050500013M02606'],
    ['conto it60x0542811101000000123456.', 'iban', 'it60x0542811101000000123456'],
    ['hr12-1001-0051-8630-0016-0', 'iban', 'hr12-1001-0051-8630-0016-0'],
    // Test numbers of the card networks.
    ['card 4111 1111 1111 1111 exp 12/29', 'card', '4111 1111 1111 1111'],
    ['3782-822463-10005', 'card', '3782-822463-10005'],
    ['5555555555554444', 'card', '5555555555554444'],
    ['from 192.168.10.25:443', 'ip', '192.168.10.25'],
    ['at 2001:db8::8a2e:370:7334.', 'ip', '2001:db8::8a2e:370:7334'],
    ['Ruf +49 30 901820 an', 'phone', '+49 30 901820'],
    ['call 0033 1 42 68 53 00', 'phone', '0033 1 42 68 53 00'],
    ['Tel.: 030/901820', 'phone', '030/901820'],
    ['appelez le 06 12 34 56 78', 'phone', '06 12 34 56 78'],
    ['mój telefon 601 234 567', 'phone', '601 234 567'],
    ['Mobilni telefon: 091 234 5678', 'phone', '091 234 5678'],
    ['tel. ٠٣٠ ٩٠١٨٢٠', 'phone', '٠٣٠ ٩٠١٨٢٠'],
  ])('%s', (text, type, exact) => {
    expect(find(text)).toEqual([[type, exact]])
  })

  test.each([
    'DE88 3704 0044 0532 0130 00', // one check digit off
    '4111 1111 1111 1112', // fails Luhn
    'Order 1234 5678 9012 3456',
    'Version 10.20.30.40 of the firmware',
    '§ 3.1.2.1 applies',
    '999.1.1.1',
    'std::vector<ab::cd>',
    'at 10:20:30 on 12.03.2024',
    'Regulation (EU) 2024/1689 of 13 June 2024',
    'BGBl. I S. 1234, 5678; Az. 5 AZR 123/45',
    'Between 1990-1995 sales were 12 345 678 euros.',
    'me@localhost',
    'NHC: 4107456. Ref: 08 08 64855.',
    'His number is 081-80-5372 in the file',
  ])('finds nothing in: %s', (text) => {
    expect(find(text)).toEqual([])
  })

  test('no two findings overlap and all are in reading order', () => {
    const pieces = fc.constantFrom(
      'DE89 3704 0044 0532 0130 00', '4111 1111 1111 1111', 'a@example.org', '10.1.2.3',
      '+49 30 901820', 'Tel. 030 901820', ' ', '-', ', ', '٣', '\u200b', '😀', '0171', '::1',
    ) // prettier-ignore
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const hits = runToEnd(findPii(parts.join(''), validators))
        for (const [at, hit] of hits.entries()) {
          expect(hit.end).toBeGreaterThan(hit.start)
          expect(hit.start).toBeGreaterThanOrEqual(hits[at - 1]?.end ?? 0)
        }
      }),
    )
  })

  test('offsets are code points: what stands before an identifier does not move it', () => {
    const noise = fc.string({ unit: fc.constantFrom('😀', 'é', 'x', '𝔘', '日', ' ', '\u200b') })
    const known = fc.constantFrom('anna@example.org', '4111111111111111', '+49 30 901820')
    fc.assert(
      fc.property(noise, known, noise, (before, identifier, after) => {
        const text = `${before} ; ${identifier} ; ${after}`
        const findings = toFindings(text, 0, { pii: runToEnd(findPii(text, validators)) })
        const points = Array.from(text)
        expect(findings.map(({ start, end }) => points.slice(start, end).join(''))).toEqual([
          identifier,
        ])
      }),
    )
  })

  test('an identifier is found wherever a longer text is cut into sentences', () => {
    const sentence = fc.constantFrom('Guten Tag.', 'Nothing here!', 'Rien à voir ;', '\n\n')
    fc.assert(
      fc.property(fc.array(sentence), fc.array(sentence), (before, after) => {
        const text = [...before, 'DE89370400440532013000', ...after].join(' ')
        expect(find(text)).toEqual([['iban', 'DE89370400440532013000']])
      }),
    )
  })
})
