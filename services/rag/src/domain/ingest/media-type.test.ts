import { expect, test } from 'vitest'
import { mediaTypeOf } from './media-type.js'

test.each([
  ['', 'a.txt', 'text/plain'],
  ['', 'a.MD', 'text/markdown'],
  ['application/octet-stream', 'a.markdown', 'text/markdown'],
  ['text/plain', 'a', 'text/plain'],
  ['TEXT/Plain; charset=UTF-8', 'a.txt', 'text/plain'],
  ['text/plain;charset="utf-8"', 'notes.md', 'text/markdown'],
  ['text/x-markdown', 'a', 'text/markdown'],
  ['text/plain', 'server.log', 'text/plain'],
])('declared %j and named %j is %s', (declared, name, type) => {
  expect(mediaTypeOf(declared, name)).toBe(type)
})

test.each([
  ['application/pdf', 'a.pdf'],
  ['', 'a.pdf'],
  ['text/plain', 'a.docx'],
  ['', 'noextension'],
  ['text/html', 'a.txt'],
  ['image/png', 'a.md'],
  ['text/plain; charset=iso-8859-1', 'a.txt'],
  ['constructor', 'a.constructor'],
])('declared %j and named %j is refused, naming what is accepted', (declared, name) => {
  expect(() => mediaTypeOf(declared, name)).toThrow(
    expect.objectContaining({
      reason: 'UNSUPPORTED_MEDIA_TYPE',
      message: expect.stringMatching(/text\/plain \(\.txt\) and text\/markdown/) as string,
    }) as Error,
  )
})
