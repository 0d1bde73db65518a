import { expect, test } from 'vitest'
import { fileTypeOf, readMediaType, writeMediaType } from './media-type.js'

test.each([
  ['', 'a.txt', 'text/plain'],
  ['', 'a.MD', 'text/markdown'],
  ['application/octet-stream', 'a.markdown', 'text/markdown'],
  ['text/plain', 'a', 'text/plain'],
  ['TEXT/Plain; charset=UTF-8', 'a.txt', 'text/plain'],
  ['text/plain;charset="utf-8"', 'notes.md', 'text/markdown'],
  ['text/x-markdown', 'a', 'text/markdown'],
  ['text/plain', 'server.log', 'text/plain'],
  ['', 'a.pdf', 'application/pdf'],
  ['application/x-pdf', 'a', 'application/pdf'],
  ['text/plain', 'rows.csv', 'text/csv'],
  ['text/tab-separated-values', 'rows.tsv', 'text/csv'],
  ['text/html', 'a.txt', 'text/html'],
  ['text/csv; charset="Windows-1252"', 'a.csv', 'text/csv; charset=windows-1252'],
  ['', 'letter.eml', 'message/rfc822'],
  [
    'application/octet-stream',
    'a.docx',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  ],
])('declared %j and named %j is %s', (declared, name, type) => {
  const written = writeMediaType(fileTypeOf(declared, name))
  expect(written).toBe(type)
  expect(writeMediaType(readMediaType(written))).toBe(type)
})

test.each([
  ['application/msword', 'a.doc'],
  ['', 'a.xlsx'],
  ['text/plain', 'a.zip'],
  ['', 'noextension'],
  ['image/png', 'a.md'],
  ['text/plain; charset=klingon', 'a.txt'],
  ['constructor', 'a.constructor'],
])('declared %j and named %j is refused, naming what is accepted', (declared, name) => {
  expect(() => fileTypeOf(declared, name)).toThrow(
    expect.objectContaining({
      reason: 'UNSUPPORTED_MEDIA_TYPE',
      message: expect.stringMatching(
        /accepted are \.txt, \.md, \.html, \.csv, \.pdf, \.docx, \.eml/,
      ) as string,
    }) as Error,
  )
})
