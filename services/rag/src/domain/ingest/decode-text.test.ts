import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeText, TextCheck } from './decode-text.js'

const check = (parts: readonly Uint8Array[], declared?: string): void => {
  const text = new TextCheck(declared)
  for (const part of parts) text.write(part)
  text.end()
}

describe('text as it arrives', () => {
  const text = '\ufeffUnd Ω, 🌴 und ß.'
  const utf16 = Buffer.from(text, 'utf16le')

  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-16LE', utf16],
    ['UTF-16BE', Buffer.from(utf16).swap16()],
  ])('is accepted in %s however it was cut, and read without its byte order mark', (_, bytes) => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        check(at.slice(1).map((end, i) => bytes.subarray(at[i], end)))
      }),
    )
    expect(decodeText(bytes)).toBe(text.slice(1))
  })

  test.each<[string, number[], string | undefined, RegExp]>([
    ['half a character at the end', [0x61, 0xc3], undefined, /not valid UTF-8/],
    ['another character set', [0x47, 0x72, 0xfc], undefined, /not valid UTF-8.*declare/],
    ['half a UTF-16 character', [0xff, 0xfe, 0x61], undefined, /not valid UTF-16LE/],
    ['NUL in UTF-16', [0xff, 0xfe, 0x61, 0, 0, 0], undefined, /NUL/],
    [
      'what its character set does not have',
      [0x81, 0x81, 0x81],
      'shift_jis',
      /not valid SHIFT_JIS/,
    ],
    ['a mark alone', [0xef, 0xbb, 0xbf], undefined, /white space/],
    ['white space alone', [0x20], undefined, /white space/],
  ])('is refused with %s, even byte by byte', (_, bytes, declared, message) => {
    expect(() =>
      check(
        bytes.map((byte) => Buffer.from([byte])),
        declared,
      ),
    ).toThrow(message)
  })

  test('is read in the character set declared, unless its mark says otherwise', () => {
    check([Buffer.from([0x47, 0x72, 0xfc])], 'windows-1252')
    expect(decodeText(Buffer.from([0x47, 0x72, 0xfc, 0x80]), 'windows-1252')).toBe('Grü€')
    expect(decodeText(utf16, 'windows-1252')).toBe(text.slice(1))
  })
})
