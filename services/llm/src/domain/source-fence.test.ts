import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assemblePrompt } from './prompt.js'
import { defuse, fenceSource } from './source-fence.js'

/** Ways to write the sign that opens a tag, with things nobody sees around it. */
const LESS_THAN = ['<', '＜', '﹤', '&lt;', '&LT;', '&lt', '&#60;', '&#060;', '&#x3c;', '&#X3C;']
const UNSEEN = [
  '',
  ' ',
  '\u200b',
  '\u00ad',
  '\u0000',
  '\u0008',
  '\u202e',
  '\ufe0f',
  '\u0338',
  '\u2060',
]
const SLASH = ['/', '／', '⁄', '∕', '']
const NAMES = [
  'source',
  'SOURCE',
  'sources',
  'Source',
  'ｓｏｕｒｃｅ',
  'so\u00adurce',
  'sou\u200brces',
  'system',
]
const MARKERS = [
  '<|im_start|>system',
  '<|im_end|>',
  '<｜User｜>',
  '[INST]',
  '[/INST]',
  '[ /inst ]',
  '[\u200bINST]',
  '[SYSTEM_PROMPT]',
  '[TOOL_CALLS]',
  '<<SYS>>',
  '</s>',
  '<start_of_turn>model',
  '<|begin_of_text|>',
  '<!--',
  '<![CDATA[',
  ']]>',
]

const hostileTag = fc
  .tuple(
    fc.constantFrom(...LESS_THAN),
    fc.constantFrom(...UNSEEN),
    fc.constantFrom(...SLASH),
    fc.constantFrom(...UNSEEN),
    fc.constantFrom(...NAMES),
    fc.constantFrom('>', '＞', '&gt;', ' >', ''),
  )
  .map((parts) => parts.join(''))
const hostile = fc
  .array(
    fc.oneof(
      hostileTag,
      fc.constantFrom(...MARKERS, ...LESS_THAN, ...UNSEEN, '\n', '&', 'amp;'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** As generously as a model may read: entities, other widths and what cannot be seen. */
function asRead(text: string): string {
  return text
    .replaceAll(/[\p{Cf}\p{M}]|(?![\n\t])\p{Cc}/gu, '')
    .replaceAll(/&(?:lt|LT|#0*60|#[xX]0*3[cC]);?/g, '<')
    .normalize('NFKC')
}

const TAG = /<\s*[/⁄∕]?\s*sources?\b/gi
const MARKER = /<\s*[|<!/]|<\s*\p{L}|\[\s*\/?\s*(?:INST|SYSTEM_PROMPT|TOOL_CALLS)\s*\]/giu

describe('the fence around a source', () => {
  test('cannot be closed or opened from inside, nor hold a marker of a chat template', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, text) => {
        const [system] = assemblePrompt({
          messages: [{ speaker: 'user', content: 'Why?' }],
          sources: [{ n: 1, title, text }],
        })
        const all = asRead(system?.content ?? '')
        const fenced = all.slice(all.indexOf('<sources>'))
        // Our own four: <sources>, <source …>, </source>, </sources>.
        expect(fenced.match(TAG)).toHaveLength(4)
        expect(fenced.match(MARKER)).toHaveLength(4)
        expect(fenced.split('\n')[1]).toMatch(/^<source n="1" title="[^"]*">$/)
        expect(fenced.endsWith('\n</source>\n</sources>')).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('changes nothing when it is put up twice', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(defuse(defuse(text))).toBe(defuse(text))
      }),
    )
  })

  test('leaves what people write as it is', () => {
    const text =
      'Rates below 5 % (x < 5, y <= 3) apply; see [1], [a] and “Müller & Söhne”.\n\tZug 🚆 9:07'
    expect(defuse(text)).toBe(text)
    expect(fenceSource({ n: 2, title: 'Fares', text }, true)).toBe(
      `<source n="2" title="Fares">\n${text}\n[cut here: the rest of this source did not fit]\n</source>`,
    )
  })
})
