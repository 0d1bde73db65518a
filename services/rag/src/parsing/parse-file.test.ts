import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  buildEmail,
  buildForwardedEmail,
  buildNestedEmail,
  type EmailPart,
} from '../../test/files/email.js'
import { buildPdf } from '../../test/files/pdf.js'
import { buildDocx, buildZip, buildZipBomb, paragraph, table } from '../../test/files/zip.js'
import { cutPassages } from './cut-passages.js'
import { languageOf } from './language.js'
import { parseFile } from './parse-file.js'

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
const parse = async (mediaType: string, bytes: Uint8Array | string) => {
  const file = await parseFile({ mediaType, bytes: Buffer.from(bytes as Uint8Array) })
  const passages = cutPassages(file)
  const points = Array.from(file.text)
  for (const { start, end, text } of passages) expect(points.slice(start, end).join('')).toBe(text)
  return { ...file, passages, language: languageOf(file.text) }
}
const textOf = async (mediaType: string, bytes: Uint8Array | string) =>
  (await parse(mediaType, bytes)).text

describe('a PDF', () => {
  const pages = [
    [
      { text: 'Retention of logs', size: 20, y: 780 },
      { text: 'Deployers keep the logs for at least six months, unless applica-', y: 740 },
      { text: 'ble law says otherwise.', y: 726 },
      { text: 'A second paragraph (with brackets).', y: 690 },
    ],
    [{ text: 'Everything on page two.', y: 780 }],
  ]

  test('gives headings, paragraphs and pages', async () => {
    const parsed = await parse('application/pdf', buildPdf(pages))
    expect(parsed.text).toBe(
      '# Retention of logs\n\nDeployers keep the logs for at least six months, unless applicable law says otherwise.\n\nA second paragraph (with brackets).\n\nEverything on page two.\n\n',
    )
    expect(parsed.text.slice(parsed.pageStarts[1])).toBe('Everything on page two.\n\n')
    expect(parsed.passages.map(({ page, headingPath }) => ({ page, headingPath }))).toEqual([
      { page: 1, headingPath: ['Retention of logs'] },
    ])
    expect(parsed.language).toBe('en')
  })

  test.each([
    ['without a text layer', async () => buildPdf([[], []]), /no text layer.*OCR/],
    ['with a password', async () => buildPdf(pages, { isEncrypted: true }), /encrypted/],
    ['cut off', async () => buildPdf(pages).subarray(0, 60), /damaged/],
    ['that is none', async () => Buffer.from('%PDF-1.4 and nothing else'), /damaged/],
  ])('%s says so', async (_, make, message) => {
    await expect(parse('application/pdf', await make())).rejects.toThrow(message)
  })
})

describe('a Word document', () => {
  const MAIN_PART = { name: 'word/document.xml' }
  const billionLaughs = (before: string) =>
    `${before}<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>`

  test('gives headings, paragraphs and the rows of tables', async () => {
    const bytes = await buildDocx(
      paragraph('Duties', 'Heading1') +
        paragraph('Inform the workers.') +
        table(['Who', 'When'], ['Deployer', '15 days']),
    )
    expect(await textOf(DOCX, bytes)).toBe(
      '# Duties\n\nInform the workers.\n\nWho | When\n\nDeployer | 15 days\n\n',
    )
  })

  test.each<[string, () => Promise<Buffer>, RegExp]>([
    ['a zip of something else', async () => buildZip({ 'a.txt': 'x' }), /not a Word document/],
    ['no zip at all', async () => Buffer.from('PK\u0003\u0004 broken'), /damaged/],
    [
      'cut in the middle',
      async () => (await buildDocx(paragraph('x'))).subarray(0, 400),
      /damaged/,
    ],
    [
      'not XML inside',
      async () => buildDocx('', { 'word/document.xml': '<w:document' }),
      /damaged/,
    ],
    [
      'full of entities',
      async () => buildDocx('', { 'word/document.xml': billionLaughs('') }),
      /entities/,
    ],
    [
      'full of entities after a long comment',
      async () =>
        buildDocx('', { 'word/document.xml': billionLaughs(`<!--${' '.repeat(200_000)}-->`) }),
      /entities/,
    ],
    ['a bomb', async () => buildZipBomb({ ...MAIN_PART, unpackedMib: 4_000 }), /unpacks to more/],
    [
      'a bomb that says it is small',
      async () => buildZipBomb({ ...MAIN_PART, unpackedMib: 4_000, declaredBytes: 1_000 }),
      /damaged/,
    ],
    [
      'said to be enormous',
      async () => buildZipBomb({ ...MAIN_PART, unpackedMib: 1, declaredBytes: 0xffff_fff0 }),
      /damaged/,
    ],
    [
      'nested deeper than any text',
      async () => buildDocx('<w:sdt><w:sdtContent>'.repeat(50_000)),
      /damaged/,
    ],
    [
      'of thousands of parts',
      async () =>
        buildZip(
          Object.fromEntries(Array.from({ length: 5_001 }, (_, n) => [`word/${n}.xml`, ''])),
        ),
      /parts/,
    ],
    ['empty', async () => buildDocx(''), /no text/],
  ])('that is %s says so', async (_, make, message) => {
    await expect(parse(DOCX, await make())).rejects.toThrow(message)
  })
})

test('a zip inside a Word document is not opened', async () => {
  const bomb = buildZipBomb({ name: 'bomb', unpackedMib: 300 })
  const bytes = await buildDocx(paragraph('Around a bomb.'), {
    'word/embeddings/oleObject1.bin': bomb,
    'word/media/image1.bmp': Buffer.alloc(1_000),
  })
  expect(await textOf(DOCX, bytes)).toBe('Around a bomb.\n\n')
})

describe('a page of HTML', () => {
  test('gives what people read: headings, paragraphs, lists and rows', async () => {
    const html = `<!doctype html><html><head><title>Ignored, there is a heading</title>
      <style>p { color: red }</style></head><body><nav>Home</nav>
      <h2>Duties &amp; dates</h2><p>Report   within <b>two</b> days.</p>
      <ul><li>first</li><li>second</li></ul>
      <table><tr><th>Who</th><th>What</th></tr><tr><td>Provider</td><td>documents</td></tr></table>
      <script>alert('never')</script><p hidden>secret</p><p style="display: none">secret</p>
      <p># no heading</p></body></html>`
    expect(await textOf('text/html', html)).toBe(
      '## Duties & dates\n\nReport within two days.\n\n- first\n\n- second\n\nWho | What\n\nProvider | documents\n\n\\# no heading\n\n',
    )
  })

  test('takes its title where it has no heading', async () => {
    expect(await textOf('text/html', '<title>Policy</title><p>Be kind.</p>')).toBe(
      '# Policy\n\nBe kind.\n\n',
    )
  })

  test('is read in the character set that it declares', async () => {
    const html = Buffer.from('<meta charset="windows-1252"><p>Gr\u00fc\u00dfe \u0080</p>', 'latin1')
    expect(await textOf('text/html', html)).toBe('Grüße €\n\n')
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('<p>Ω</p>', 'utf16le')])
    expect(await textOf('text/html', utf16)).toBe('Ω\n\n')
  })

  test.each([
    ['bytes that are not UTF-8', Buffer.from('<p>Gr\u00fc\u00dfe', 'latin1'), /not valid UTF-8/],
    ['an unknown character set', Buffer.from('<meta charset="klingon"><p>x'), /not known/],
    ['NUL', Buffer.from('<p>a\0b'), /NUL/],
    ['nothing to read', Buffer.from('<script>x</script>'), /no text/],
    ['a million nested elements', Buffer.from('<div>'.repeat(1_000_000)), /nested deeper/],
  ])('with %s says so', async (_, bytes, message) => {
    await expect(parse('text/html', bytes)).rejects.toThrow(message)
  })

  test('in the character set that was declared with it goes before its own', async () => {
    const html = Buffer.from('<meta charset="utf-8"><p>Gr\u00fc\u00dfe', 'latin1')
    expect(await textOf('text/html; charset=iso-8859-1', html)).toBe('Grüße\n\n')
  })

  test('may refer to characters that no text can hold', async () => {
    expect(await textOf('text/html', '<p>a&#0;b&#xD800;c')).toBe('a\ufffdb\ufffdc\n\n')
  })

  test('of thousands of nested elements is read', async () => {
    const deep = `${'<div>'.repeat(20_000)}deep${'</div>'.repeat(20_000)}`
    expect(await textOf('text/html', deep)).toBe('deep\n\n')
  })

  test('loses no word of what it shows', async () => {
    const word = fc.stringMatching(/^[a-zäß&<]{1,8}$/)
    const block = fc.tuple(
      fc.constantFrom('p', 'div', 'h2', 'li', 'td', 'pre', 'blockquote'),
      fc.array(word, { minLength: 1, maxLength: 30 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 20 }), async (blocks) => {
        const html = blocks.map(([name, words]) => {
          const escaped = words.join(' ').replaceAll('&', '&amp;').replaceAll('<', '&lt;')
          return `<${name}>${escaped}</${name}>`
        })
        const { passages } = await parse('text/html', html.join('\n'))
        const shown = passages.map(({ text }) => text).join(' ')
        const words = shown.split(/\s+/).filter((item) => !/^(?:#+|-|\|)$/.test(item))
        expect(words).toEqual(blocks.flatMap(([, texts]) => texts))
      }),
      { numRuns: 100 },
    )
  })
})

describe('a CSV file', () => {
  test.each([
    ['commas', 'name,limit\nAnna,5\n"Smith, Bo",7\n'],
    ['semicolons', 'name;limit\nAnna;5\nSmith, Bo;7\n'],
    ['tabs and a byte order mark', '\ufeffname\tlimit\nAnna\t5\nSmith, Bo\t7\n'],
  ])('with %s names the column of every value', async (_, csv) => {
    expect(await textOf('text/csv', csv)).toBe(
      'name: Anna; limit: 5\n\nname: Smith, Bo; limit: 7\n\n',
    )
  })

  test.each([
    ['a hundred thousand columns', `${'a,'.repeat(100_000)}a\n1`, /columns/],
    ['an enormous field', `a\n"${'x'.repeat(20_000_000)}"`, /row is longer/],
    ['a quote without an end', 'a,b\n"1,2\n3,4', /quote is opened/],
    ['nothing but delimiters', ',,\n,,\n', /no text/],
  ])('with %s says so', async (_, csv, message) => {
    await expect(parse('text/csv', csv)).rejects.toThrow(message)
  })
})

test.each(['text/plain', 'text/markdown', 'text/csv'])(
  '%s may be UTF-16, or in another character set that is declared',
  async (type) => {
    const utf16 = Buffer.from('\ufeffΩμέγα', 'utf16le')
    expect((await textOf(type, utf16)).trim()).toBe('Ωμέγα')
    expect((await textOf(type, Buffer.from(utf16).swap16())).trim()).toBe('Ωμέγα')
    const ansi = Buffer.from('Gr\u00fc\u00dfe \u0080', 'latin1')
    expect((await textOf(`${type}; charset=windows-1252`, ansi)).trim()).toBe('Grüße €')
    await expect(parse(type, ansi)).rejects.toThrow(/not valid UTF-8/)
  },
)

describe('an e-mail', () => {
  const body: EmailPart = { type: 'text/plain; charset=utf-8', content: 'Bitte bis Freitag.' }

  test('gives its headers, its body and what is attached', async () => {
    const csv = { type: 'text/csv', filename: 'd.csv', content: 'a,b\r\n1,2' }
    const image = { type: 'image/png', filename: 'x.png', content: 'no image' }
    const word = {
      type: 'application/octet-stream',
      filename: 'note.docx',
      content: await buildDocx(paragraph('Herons wade.')),
    }
    const broken = { type: 'application/pdf', filename: 'b.pdf', content: '%PDF-1.4' }
    const text = await textOf('message/rfc822', buildEmail([body, csv, image, word, broken]))
    expect(text).toContain('# Fristen für Vorfälle\n\nFrom: Anna <anna@example.org>')
    expect(text).toContain('\n\nBitte bis Freitag.\n\n')
    expect(text).toContain('## Attachment: d.csv\n\na: 1; b: 2\n\n')
    expect(text).toContain('## Attachment: x.png\n\n(not read: its type is not accepted)')
    expect(text).toContain('## Attachment: note.docx\n\nHerons wade.\n\n')
    expect(text).toContain('## Attachment: b.pdf\n\n(not read: it is damaged')
  })

  test('reads the page where there is no plain text, in the character set it has', async () => {
    const page = Buffer.from('<h1>Notice</h1><p>Gr\u00fc\u00dfe.</p>', 'latin1')
    const bytes = buildEmail([{ type: 'text/html; charset=windows-1252', content: page }])
    expect(await textOf('message/rfc822', bytes)).toContain('# Notice\n\nGrüße.\n\n')
  })

  test('attached to an e-mail is read, what is attached to that is named', async () => {
    const inner = buildEmail([
      { type: 'text/plain', content: 'The inner message.' },
      { type: 'text/csv', filename: 'deep.csv', content: 'a,b\n1,2' },
    ])
    const attached = { type: 'message/rfc822', filename: 'inner.eml', content: inner }
    const text = await textOf('message/rfc822', buildEmail([body, attached]))
    expect(text).toContain('The inner message.')
    expect(text).toContain('## Attachment: deep.csv\n\n(not read: it is attached to an attachment)')
    expect(text).not.toContain('a: 1')
  })

  test('with bytes that no text can hold is read without them', async () => {
    const text = await textOf('message/rfc822', buildEmail([{ ...body, content: 'a\0b' }]))
    expect(text).toContain('a\ufffdb')
  })

  test('forwarded a thousand times is read as far as the first', async () => {
    const text = await textOf('message/rfc822', buildForwardedEmail(1_000, 'the end'))
    expect(text).not.toContain('the end')
    expect(text).toContain('attached to an attachment')
  })

  test.each([
    ['nothing but text', Buffer.from('Hello, no headers here'), /no headers/],
    [
      'a thousand parts',
      buildEmail(
        Array.from({ length: 1_000 }, (_, n) => ({
          type: 'text/csv',
          filename: `${n}.csv`,
          content: 'a',
        })),
      ),
      /more than 100 attachments/,
    ],
    ['a thousand nested parts', buildNestedEmail(1_000, 'deep'), /nested deeper than/],
  ])('with %s says so', async (_, bytes, problem) => {
    await expect(parse('message/rfc822', bytes)).rejects.toThrow(problem)
  })
})

test('a page that is said to be plain text is read as that', async () => {
  expect(await textOf('text/plain', '<p>as it is</p>')).toBe('<p>as it is</p>')
})

test('the same bytes give the same text', async () => {
  const [one, two] = await Promise.all([
    parse('application/pdf', buildPdf([[{ text: 'Same', y: 700 }]])),
    parse('application/pdf', buildPdf([[{ text: 'Same', y: 700 }]])),
  ])
  expect(one).toEqual(two)
})
