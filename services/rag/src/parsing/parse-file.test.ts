import { describe, expect, test } from 'vitest'
import { buildDocx, buildZip, paragraph, table } from '../../test/files/zip.js'
import { buildPdf } from '../../test/files/pdf.js'
import type { MediaType } from '../domain/ingest/media-type.js'
import { cutPassages } from './cut-passages.js'
import { languageOf } from './language.js'
import { parseFile } from './parse-file.js'

const DOCX: MediaType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
const parse = async (mediaType: string, bytes: Uint8Array | string) => {
  const file = await parseFile({ mediaType, bytes: Buffer.from(bytes as Uint8Array) })
  return { ...file, passages: cutPassages(file), language: languageOf(file.text) }
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
      /damaged|no text/,
    ],
    [
      'full of entities',
      async () =>
        buildDocx('', {
          'word/document.xml': '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        }),
      /entities/,
    ],
    [
      'a bomb',
      async () => buildDocx('', { 'word/document.xml': Buffer.alloc(210 * 1024 * 1024, 0x20) }),
      /unpacks to more than/,
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

describe('a page of HTML', () => {
  test('gives what people read: headings, paragraphs, lists and rows', async () => {
    const html = `<!doctype html><html><head><title>Ignored, there is a heading</title>
      <style>p { color: red }</style></head><body><nav>Home</nav>
      <h2>Duties &amp; dates</h2><p>Report   within <b>two</b> days.</p>
      <ul><li>first</li><li>second</li></ul>
      <table><tr><th>Who</th><th>What</th></tr><tr><td>Provider</td><td>documents</td></tr></table>
      <script>alert('never')</script><p hidden>secret</p><p># no heading</p></body></html>`
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
  ])('with %s says so', async (_, bytes, message) => {
    await expect(parse('text/html', bytes)).rejects.toThrow(message)
  })

  test('of a hundred thousand nested elements is read', async () => {
    const deep = `${'<div>'.repeat(100_000)}deep${'</div>'.repeat(100_000)}`
    expect(await textOf('text/html', deep)).toBe('deep\n\n')
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
    ['too many columns', `${'a,'.repeat(1_001)}a\n1`, /columns/],
    ['an enormous row', `a\n"${'x'.repeat(1_100_000)}"`, /row is longer/],
  ])('with %s says so', async (_, csv, message) => {
    await expect(parse('text/csv', csv)).rejects.toThrow(message)
  })
})

describe('an e-mail', () => {
  const message = (...parts: string[]) =>
    [
      'From: Anna <anna@example.org>',
      'To: bo@example.org',
      'Subject: =?utf-8?Q?Fristen_f=C3=BCr_Vorf=C3=A4lle?=',
      'Date: Mon, 23 Nov 2026 10:00:00 +0000',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      ...parts.flatMap((part) => ['--b', part]),
      '--b--',
      '',
    ].join('\r\n')
  const body = 'Content-Type: text/plain; charset=utf-8\r\n\r\nBitte bis Freitag.'

  test('gives its headers, its body and what is attached', async () => {
    const csv =
      'Content-Type: text/csv; name=d.csv\r\nContent-Disposition: attachment; filename=d.csv\r\n\r\na,b\r\n1,2'
    const image =
      'Content-Type: image/png; name=x.png\r\nContent-Disposition: attachment; filename=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0='
    const text = await textOf('message/rfc822', message(body, csv, image))
    expect(text).toContain('# Fristen für Vorfälle\n\nFrom: Anna <anna@example.org>')
    expect(text).toContain('\n\nBitte bis Freitag.\n\n')
    expect(text).toContain('## Attachment: d.csv\n\na: 1; b: 2\n\n')
    expect(text).toContain('## Attachment: x.png\n\n(not read: its type is not accepted)')
  })

  test('reads the page where there is no plain text', async () => {
    const html = 'Content-Type: text/html; charset=utf-8\r\n\r\n<h1>Notice</h1><p>Today.</p>'
    expect(await textOf('message/rfc822', message(html))).toContain('# Notice\n\nToday.\n\n')
  })

  test.each([
    ['nothing but text', 'Hello, no headers here', /no headers|damaged/],
    [
      'more attachments than anybody sends',
      message(
        body,
        ...Array.from(
          { length: 101 },
          (_, n) =>
            `Content-Type: text/csv\r\nContent-Disposition: attachment; filename=${n}.csv\r\n\r\na`,
        ),
      ),
      /attachments/,
    ],
  ])('with %s says so', async (_, bytes, problem) => {
    await expect(parse('message/rfc822', bytes)).rejects.toThrow(problem)
  })
})

test('the same bytes give the same text', async () => {
  const [one, two] = await Promise.all([
    parse('application/pdf', buildPdf([[{ text: 'Same', y: 700 }]])),
    parse('application/pdf', buildPdf([[{ text: 'Same', y: 700 }]])),
  ])
  expect(one).toEqual(two)
})
