import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

interface Prepared {
  readonly file: string
  readonly name: string
  readonly bytes: Buffer
  readonly source: string
  readonly work: string
  readonly datedAt: string
  readonly language: string
  readonly units?: Readonly<Record<'articles' | 'recitals' | 'annexes', number>>
}
interface Read {
  readonly documents: readonly Prepared[]
  readonly unreadable: readonly { readonly file: string; readonly problem: string }[]
}
interface ReadFiles {
  readPaths(
    paths: readonly string[],
    stated: object,
    options: { guideFolder: string },
  ): Promise<Read>
}
interface Dates {
  findDate(text: string): string | undefined
  isDate(text: unknown): boolean
}
interface Celex {
  findActId(text: string): { base: string; consolidatedAt?: string } | undefined
  actIdOfTitle(title: string): { base: string } | undefined
  celexOf(base: string, consolidatedAt?: string): string
}
interface FrontMatter {
  readGuideFile(text: string): { title: string; references: string[]; body: string }
}

const TOOLS = join(import.meta.dirname, '../tools/knowledge')
const FIXTURES = join(import.meta.dirname, 'fixtures/knowledge')
const load = async <T>(name: string): Promise<T> => (await import(join(TOOLS, name))) as T

const { readPaths } = await load<ReadFiles>('read-files.mjs')
const { findDate, isDate } = await load<Dates>('dates.mjs')
const { actIdOfTitle, celexOf, findActId } = await load<Celex>('celex.mjs')
const { readGuideFile } = await load<FrontMatter>('front-matter.mjs')

const read = async (names: readonly string[], stated: object = {}): Promise<Read> =>
  readPaths(
    names.map((name) => join(FIXTURES, name)),
    stated,
    { guideFolder: '/nowhere' },
  )

async function documentsOf(name: string, stated: object = {}): Promise<readonly Prepared[]> {
  const { documents, unreadable } = await read([name], stated)
  expect(unreadable).toEqual([])
  return documents
}

const textOf = (document: Prepared | undefined): string => document?.bytes.toString() ?? ''
const headings = (document: Prepared | undefined): string[] =>
  textOf(document)
    .split('\n')
    .filter((line) => line.startsWith('#'))

describe('a page of the Official Journal', () => {
  test('becomes its articles and annexes, and its recitals by themselves', async () => {
    const [terms, recitals, ...more] = await documentsOf('act.oj.html')
    expect(more).toEqual([])
    expect(terms).toMatchObject({
      name: 'Lighthouse Act, Official Journal 2031-05-09',
      source: '32031R1207',
      work: '2031R1207',
      datedAt: '2031-05-09',
      language: 'en',
      units: { articles: 2, recitals: 0, annexes: 1 },
    })
    expect(recitals).toMatchObject({
      name: 'Lighthouse Act recitals, Official Journal 2031-05-09',
      source: '32031R1207#recitals',
      units: { articles: 0, recitals: 2, annexes: 0 },
    })
    expect(headings(terms)).toEqual([
      '# Regulation (EU) 2031/1207 (Lighthouse Act)',
      '## CHAPTER I — GENERAL PROVISIONS',
      '### Article 1 — Subject matter`',
      '### SECTION 1 — Keepers',
      '#### Article 2 — Amendment of the Harbour Act',
      '## ANNEX I — Lamps',
      '### Section A. Lamps with oil',
    ])
  })

  test('names its source first', async () => {
    for (const document of await documentsOf('act.oj.html')) {
      expect(textOf(document).split('\n')[0]).toMatch(
        /^Source: EUR-Lex, CELEX 32031R1207, Official Journal version of 2031-05-09\. © European Union/,
      )
    }
  })

  test('keeps lists in their levels, rows on one line, and quoted articles as text', async () => {
    const text = textOf((await documentsOf('act.oj.html'))[0])
    expect(text).toContain(
      '2. A lamp shall:\n  (a) burn from dusk, in\n    (i) summer;\n  (b) be seen for 20 sea miles.\n',
    )
    expect(text).toContain('Coast | Lamps in use\n\nNorth coast | twelve')
    expect(text).toContain('Article 40a')
    expect(text).not.toMatch(/A\. KEEPER|Done at/)
  })

  test('has each footnote where it is called', async () => {
    const [, recitals] = await documentsOf('act.oj.html')
    expect(textOf(recitals)).toContain(
      'Lamps that burn at night keep ships ² off the rocks.\n\n² Ships of any size.\n\n## Recital 2',
    )
    expect(textOf(recitals)).not.toContain('Opinion of 1 April')
  })

  test('of before 2023 is read without ids, in German', async () => {
    const [terms, recitals] = await documentsOf('act.old.html')
    expect(terms).toMatchObject({
      source: '32016R9999',
      datedAt: '2016-05-04',
      language: 'de',
      units: { articles: 1, annexes: 1 },
    })
    expect(headings(terms).slice(1)).toEqual([
      '## KAPITEL I — Allgemeines',
      '### Artikel 1 — Gegenstand',
      '## ANHANG — Liste',
    ])
    expect(textOf(recitals)).toContain(
      '## Erwägungsgrund 1\n\nLampen brennen.\n\nUnd zwar nachts.\n\n## Erwägungsgrund 2',
    )
    expect(textOf(recitals)).not.toContain('HABEN FOLGENDE')
  })
})

describe('a consolidated page', () => {
  test('is dated by its consolidation and has its inserted articles', async () => {
    const [terms, ...more] = await documentsOf('act.consolidated.html')
    expect(more).toEqual([])
    expect(terms).toMatchObject({
      name: 'Lighthouse Act, consolidated 2032-06-03',
      source: '02031R1207-20320603',
      work: '2031R1207',
      datedAt: '2032-06-03',
      units: { articles: 2, annexes: 1 },
    })
    expect(headings(terms).slice(1)).toEqual([
      '## CHAPTER I — GENERAL PROVISIONS',
      '### Article 1 — Subject matter',
      '### Article 1a — Electric lamps',
      '## ANNEX I — Lamps',
      '### Section 1 — Lamps with oil',
    ])
  })

  test('loses the marks of amendments and keeps what they enclose', async () => {
    const text = textOf((await documentsOf('act.consolidated.html'))[0])
    expect(text).toContain(
      '2. A lamp shall:\n  (a) burn from dusk;\n  (b) be seen for thirty sea miles.\n',
    )
    expect(text).toContain('Electric lamps are lamps ¹ as well.\n\n—————\n\n¹ Lamps of any size.')
    expect(text).not.toMatch(/[►▼◄]/)
    expect(text).not.toMatch(/Need help|Legal notice/)
  })
})

describe('Formex', () => {
  test('an act, its annex and the catalogue with the date are one text', async () => {
    const [terms, recitals] = await documentsOf('formex')
    expect(terms).toMatchObject({
      source: '32031R1207',
      datedAt: '2031-05-09',
      language: 'en',
      units: { articles: 2, annexes: 1 },
    })
    expect(headings(terms)).toEqual([
      '# Regulation (EU) 2031/1207 (Lighthouse Act)',
      '## CHAPTER I — GENERAL PROVISIONS',
      '### Article 1 — Subject matter',
      '### SECTION 1 — Keepers',
      '#### Article 2 — Amendment of the Harbour Act',
      '## ANNEX I — Lamps',
      '### Section A. Lamps with oil',
    ])
    expect(textOf(terms)).toContain(
      '2. A lamp shall:\n  (a) burn from dusk, in\n    (i) summer;\n  (b) be seen for 20 sea miles.\n',
    )
    expect(textOf(terms)).toContain('North coast | twelve')
    expect(textOf(recitals)).toContain(
      'Lamps keep ships ² off the rocks.\n\n² Ships of any size.\n\n## Recital 2\n\nKeepers need ‘oil’.',
    )
  })

  test('a consolidation is dated by the day from which it holds', async () => {
    const [document] = await documentsOf('consolidated.formex.xml')
    expect(document).toMatchObject({ source: '02031R1207-20320603', datedAt: '2032-06-03' })
    expect(document?.units).toEqual({ articles: 1, recitals: 0, annexes: 1 })
  })

  test('an annex alone asks for its act, an act alone for its date', async () => {
    const { documents, unreadable } = await read([
      'formex/L_203101207EN.000201.fmx.xml',
      'formex/L_203101207EN.000101.fmx.xml',
    ])
    expect(documents).toEqual([])
    expect(unreadable.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('--dated-at'),
    ])
    const annex = await read(['formex/L_203101207EN.000201.fmx.xml'])
    expect(annex.unreadable[0]?.problem).toContain('import the folder that has the act')
    const catalogue = await read(['formex/L_203101207EN.doc.fmx.xml'])
    expect(catalogue.unreadable[0]?.problem).toContain('is the catalogue of a Formex package')
  })
})

describe('JSON and Markdown', () => {
  test('JSON keeps its chapters and lists, leaves out what repeats an article, and is no markup', async () => {
    const [terms, recitals] = await documentsOf('act.json')
    expect(terms).toMatchObject({
      name: 'Lighthouse Act, consolidated 2032-06-03',
      source: '02031R1207-20320603',
      units: { articles: 1, annexes: 1 },
    })
    expect(recitals?.units).toMatchObject({ recitals: 1 })
    expect(textOf(terms)).toContain(
      '## Chapter I — General provisions\n\n### Article 1 — Subject matter\n\n1. A lamp shall:\n  (a) burn;\n\n\\# and shine.',
    )
    expect(textOf(terms)).not.toContain('means a lamp')
  })

  test('an act in Markdown needs its date; what the command states goes before the text', async () => {
    const { unreadable } = await read(['act.en.md'])
    expect(unreadable[0]?.problem).toMatch(/date of its version; give --dated-at/)
    const stated = { datedAt: '2031-05-09' }
    const [terms] = await documentsOf('act.en.md', stated)
    expect(terms).toMatchObject({ source: '32031R1207', language: 'en', datedAt: '2031-05-09' })
    expect(terms?.units).toMatchObject({ articles: 1, annexes: 1 })
    const id = findActId('02031R1207-20330101')
    const [later] = await documentsOf('act.en.md', { id, language: 'fr' })
    expect(later).toMatchObject({
      source: '02031R1207-20330101',
      datedAt: '2033-01-01',
      language: 'fr',
    })
  })

  test('an address that is of no act is refused for one, and kept for a text of one’s own', async () => {
    const stated = { source: 'https://example.test/lamps' }
    const { documents, unreadable } = await read(['act.json', 'guide.md'], stated)
    expect(unreadable[0]?.problem).toContain('--source names none; give its CELEX number')
    expect(documents).toMatchObject([{ source: 'https://example.test/lamps' }])
  })

  test('a guide becomes a document with its references and the state of the law', async () => {
    const [guide] = await documentsOf('guide.md')
    expect(guide).toMatchObject({ name: 'Lamps: who lights them', source: 'markdown:guide' })
    const text = textOf(guide)
    expect(text).toMatch(/^# Lamps: who lights them\n\nThe keeper/)
    expect(text).toContain('References: Lighthouse Act Art. 1.')
    expect(text).not.toContain('---')
    const ours = await readPaths([join(FIXTURES, 'guide.md')], {}, { guideFolder: FIXTURES })
    expect(ours.documents[0]).toMatchObject({
      name: 'Guide: Lamps: who lights them',
      source: 'lexcustis:guide/guide',
    })
  })
})

describe('what cannot be imported', () => {
  let folder: string
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'lexcustis-knowledge-'))))
  afterEach(async () => rm(folder, { recursive: true, force: true }))

  const formex = readFileSync(join(FIXTURES, 'formex/L_203101207EN.000101.fmx.xml'), 'utf8')
  const front = (lines: string) =>
    `---\ntitle: T\ndated_at: 2031-01-01\nlanguage: en\n${lines}---\nx`

  test.each<[string, string | Buffer, RegExp]>([
    ['nothing', '', /is empty/],
    ['white space', ' \n ', /has no text/],
    ['a PDF', '%PDF-1.7 …', /is a PDF.*HTML or Formex/],
    ['a zip', Buffer.from([0x50, 0x4b, 3, 4]), /unpack it/],
    ['binary', Buffer.from([0xff, 0xfe, 0, 1]), /no text in UTF-8/],
    ['NUL', 'a\0b', /no text in UTF-8/],
    ['a cut-off XML', formex.slice(0, 2_000), /broken XML/],
    ['an XML that forgets an end tag', formex.replace('</ALINEA>', ''), /broken XML/],
    [
      'an XML with entities',
      formex.replace('<ACT>', '<!DOCTYPE ACT [<!ENTITY a "b">]><ACT>'),
      /declares XML entities/,
    ],
    ['another XML', '<?xml version="1.0"?><rss/>', /no act in Formex/],
    ['a page of something else', '<html><body><p>Hello</p></body></html>', /no page of an act/],
    ['an endless page', `<html>${'<div>'.repeat(5_000)}`, /deeper than 400/],
    ['a page without articles', '<html><p class="oj-doc-ti">Regulation</p></html>', /no articles/],
    ['broken JSON', '{"meta": ', /broken JSON/],
    ['another JSON', '{"units": []}', /it has no "meta"/],
    [
      'JSON with a foreign unit',
      '{"meta":{"title":"t","celex":"32031R1207"},"units":[{"kind":"poem"}]}',
      /units\[0\]/,
    ],
    ['plain text', 'Just a note', /has no front matter/],
    ['front matter that is no YAML', '---\n: : [\n---\nx', /broken front matter/],
    ['front matter with an unknown name', front('author: me\n'), /a name is unknown/],
    [
      'front matter with a bad date',
      front('').replace('-01-01', '-02-30'),
      /dated_at is not a day/,
    ],
    ['front matter twice', front('title: U\n'), /broken front matter/],
    ['front matter with aliases', front('references: &a ["x"]\nsource: *a\n'), /aliases|source/],
    ['front matter alone', front('').slice(0, -1), /no text below/],
    ['a source of ours', front('source: lexcustis:guide/x\n'), /guide that ships/],
  ])('%s is said plainly, and the rest is read', async (_, content, problem) => {
    const bad = join(folder, 'a-bad.xml')
    await writeFile(bad, content)
    await copyFile(join(FIXTURES, 'guide.md'), join(folder, 'b-good.md'))
    const { documents, unreadable } = await readPaths([folder], {}, { guideFolder: '/nowhere' })
    expect(unreadable).toEqual([{ file: bad, problem: expect.stringMatching(problem) as unknown }])
    expect(documents.map(({ name }) => name)).toEqual(['Lamps: who lights them'])
  })

  test('what is not there, too large or an empty folder', async () => {
    const large = join(folder, 'large.html')
    await writeFile(large, Buffer.alloc(50 * 2 ** 20 + 1, 'a'))
    const paths = [join(folder, 'none.html'), large]
    const { unreadable } = await readPaths(paths, {}, { guideFolder: '/nowhere' })
    expect(unreadable.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('ENOENT'),
      expect.stringContaining('larger than 50 MiB'),
    ])
    await rm(large)
    const { unreadable: empty } = await readPaths([folder], {}, { guideFolder: '/nowhere' })
    expect(empty[0]?.problem).toContain('has no .html')
  })
})

const LEGAL_KB = join(import.meta.dirname, '../../shared/data/legal-kb')

describe.skipIf(!existsSync(LEGAL_KB))('the texts of ../shared/data/legal-kb', () => {
  const AI_ACT = { articles: 113, recitals: 180, annexes: 13 }
  const GDPR = { articles: 99, recitals: 173, annexes: 0 }

  test.each([
    ['ai_act_oj_2024.en.json', {}, AI_ACT, '32024R1689', '2024-07-12'],
    ['ai_act_oj_2024.en.md', { datedAt: '2024-07-12' }, AI_ACT, '32024R1689', '2024-07-12'],
    // Articles 4a, 60a and 75a to 75d, Annex XIV and 47 recitals are of Regulation (EU) 2026/1744.
    [
      'ai_act_consolidated_2026-07-27.en.json',
      {},
      { articles: 119, recitals: 227, annexes: 14 },
      '02024R1689-20260727',
      '2026-07-27',
    ],
    ['gdpr.en.json', {}, GDPR, '32016R0679', '2016-05-04'],
    ['gdpr.de.json', {}, GDPR, '32016R0679', '2016-05-04'],
    ['gdpr.en.md', { datedAt: '2016-05-04' }, GDPR, '32016R0679', '2016-05-04'],
    ['gdpr.de.md', { datedAt: '2016-05-04' }, GDPR, '32016R0679', '2016-05-04'],
  ])('%s is whole', async (name, stated, units, source, datedAt) => {
    const paths = [join(LEGAL_KB, name)]
    const { documents, unreadable } = await readPaths(paths, stated, { guideFolder: '/nowhere' })
    expect(unreadable).toEqual([])
    const [terms, recitals] = documents
    expect(terms).toMatchObject({ source, datedAt, language: name.split('.')[1] })
    expect({ ...terms?.units, recitals: recitals?.units?.recitals }).toEqual(units)
    const numbered = headings(terms).filter((line) => /^#+ Arti[ck]\w+ \d/.test(line))
    expect(numbered).toHaveLength(units.articles)
    expect(new Set(numbered).size).toBe(units.articles)
  })

  test('every line of an article is in its document', async () => {
    const path = join(LEGAL_KB, 'gdpr.de.json')
    const { documents } = await readPaths([path], {}, { guideFolder: '/nowhere' })
    const squeeze = (text: string): string => text.normalize('NFC').replaceAll(/\s+/g, '')
    const written = squeeze(documents.map(textOf).join())
    const { units } = JSON.parse(readFileSync(path, 'utf8')) as { units: { text: string }[] }
    const lost = units.flatMap(({ text }) => text.split('\n').map(squeeze))
    expect(lost.filter((line) => !written.includes(line))).toEqual([])
  })
})

describe('numbers of acts', () => {
  test.each([
    ['REGULATION (EU) 2024/1689 OF THE EUROPEAN PARLIAMENT', '2024R1689'],
    ['Regulation (EU) No 910/2014 on electronic identification', '2014R0910'],
    ['VERORDNUNG (EG) Nr. 45/2001', '2001R0045'],
    ['Directive 95/46/EC', '1995L0046'],
    ['Richtlinie 2014/90/EU', '2014L0090'],
    ['Commission Decision 2011/833/EU', '2011D0833'],
    ['Commission Implementing Regulation (EU) 2024/2981 and Directive (EU) 2022/2555', '2024R2981'],
    ['Κανονισμός (ΕΕ) 2016/679', '2016R0679'],
    ['Rozporządzenie (UE) 2016/679', '2016R0679'],
  ])('%s', (title, base) => {
    expect(actIdOfTitle(title)?.base).toBe(base)
  })

  test.each([
    ['32024R1689', '2024R1689', undefined],
    [
      'https://eur-lex.europa.eu/legal-content/EN/TXT/HTML/?uri=CELEX:02024R1689-20260727',
      '2024R1689',
      '2026-07-27',
    ],
    ['https://eur-lex.europa.eu/eli/reg/2024/1689/2026-07-27/eng', '2024R1689', '2026-07-27'],
    ['http://data.europa.eu/eli/dir/2022/2555/oj', '2022L2555', undefined],
    ['https://eur-lex.europa.eu/eli/reg_impl/2024/2981/oj/eng', '2024R2981', undefined],
  ])('%s', (text, base, consolidatedAt) => {
    expect(findActId(text)).toEqual({ base, consolidatedAt })
  })

  const day = fc
    .date({ min: new Date('1958-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10))

  test('a CELEX number that was written is read again, whatever surrounds it', () => {
    const base = fc
      .tuple(
        fc.integer({ min: 1958, max: 2099 }),
        fc.constantFrom('R', 'L', 'D'),
        fc.integer({ min: 1, max: 9_999 }),
      )
      .map(([year, letter, number]) => `${year}${letter}${String(number).padStart(4, '0')}`)
    fc.assert(
      fc.property(base, fc.option(day, { nil: undefined }), (act, consolidatedAt) => {
        const celex = celexOf(act, consolidatedAt)
        expect(findActId(`uri=CELEX:${celex}&x`)).toEqual({ base: act, consolidatedAt })
        expect(findActId(`${celex}#recitals`)).toEqual({ base: act, consolidatedAt })
      }),
    )
  })

  test('a day is read in each way it is written, and no other text is one', () => {
    const months =
      'January February March April May June July August September October November December'
    fc.assert(
      fc.property(day, (date) => {
        const [year = '', month = '', at = ''] = date.split('-')
        const name = months.split(' ')[Number(month) - 1] ?? ''
        for (const written of [
          date,
          `${Number(at)}.${Number(month)}.${year}`,
          `${Number(at)} ${name} ${year}`,
          `${year}${month}${at}`,
        ]) {
          expect(findDate(`of ${written}, p. 1`)).toBe(date)
        }
      }),
    )
    for (const text of ['2026-02-30', '31.4.2026', '20261301', '2026-7-1', '12 Brumaire 1799']) {
      expect(findDate(text)).toBeUndefined()
      expect(isDate(text)).toBe(false)
    }
  })
})

test('front matter of any text is read or refused, and never anything else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), (title) => {
      const text = `---\ntitle: ${JSON.stringify(title)}\ndated_at: 2031-01-01\nlanguage: en\n---\nBody.`
      if (title.trim() === '') expect(() => readGuideFile(text)).toThrow(/title/)
      else expect(readGuideFile(text)).toMatchObject({ title: title.trim(), body: 'Body.' })
    }),
  )
})
