import { AppError } from '@lexcustis/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJsonStrictly } from './strict-json.js'

const parse = (text: string): unknown => parseJsonStrictly(Buffer.from(text))

function failure(text: string): AppError | undefined {
  try {
    parse(text)
    return undefined
  } catch (error) {
    return AppError.from(error)
  }
}

describe('parseJsonStrictly', () => {
  test('reads what JSON.parse reads, for every well-formed value', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0'))
    const key = text.filter((one) => one !== '__proto__')
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(key, tie('value')),
      ),
    }))
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (input, indent) => {
        const json = JSON.stringify(input, undefined, indent)
        expect(parse(json)).toEqual(JSON.parse(json))
      }),
    )
  })

  test('throws INVALID_INPUT and nothing else, for every byte sequence', () => {
    const jsonLike = fc
      .array(
        fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"', '1', 'null', '\\', 'u0', ' '),
      )
      .map((tokens) => Buffer.from(tokens.join('')))
    const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.oneof(jsonLike, noise), (bytes) => {
        try {
          parseJsonStrictly(bytes)
        } catch (error) {
          expect(error).toMatchObject({ reason: 'INVALID_INPUT' })
          return
        }
        expect(() => JSON.parse(bytes.toString()) as unknown).not.toThrow()
      }),
      { numRuns: 500 },
    )
  })

  test('finds a repeated key wherever it is, also when written differently', () => {
    const place = fc.array(fc.oneof(fc.constant('[]'), fc.constantFrom('a', 'b/c', '~')), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(place, (path) => {
        const inner = String.raw`{"k":1,"x":{},"\u006b":2}`
        const wrap = (step: string, text: string) =>
          step === '[]' ? `[0,${text}]` : `{"q":[],${JSON.stringify(step)}:${text}}`
        const text = path.reduceRight((json, step) => wrap(step, json), inner)
        const pointer = path.map((step) =>
          step === '[]' ? '/1' : `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        )
        expect(failure(text)?.errors[0]?.pointer).toBe(`${pointer.join('')}/k`)
      }),
    )
  })

  test('keeps the same key in different objects apart', () => {
    expect(parse('[{"a":1},{"a":{"a":2}}]')).toEqual([{ a: 1 }, { a: { a: 2 } }])
  })

  test('takes 32 levels and not 33', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(failure(nested(32))).toBeUndefined()
    expect(failure(nested(33))?.message).toContain('32')
  })

  test('takes escaped characters outside the basic plane and refuses halves of them', () => {
    expect(parse(String.raw`"\ud83d\ude00"`)).toBe('😀')
    expect(failure(String.raw`"\ud83d"`)?.reason).toBe('INVALID_INPUT')
    expect(failure(String.raw`"\ude00\ud83d"`)?.reason).toBe('INVALID_INPUT')
  })

  test('says where a document stops being JSON without quoting it', () => {
    const error = failure('{\n  "password": hunter2\n}')
    expect(error?.message).toBe('the body is not valid JSON (line 2, column 15)')
  })

  test('refuses a byte order mark: RFC 8259 forbids to send one', () => {
    expect(failure('\uFEFF{}')?.reason).toBe('INVALID_INPUT')
  })

  test('reads a megabyte of quotes, braces and keys in linear time', () => {
    const keys = Array.from({ length: 60_000 }, (_, index) => `"k${index}":"{[\\"}]"`).join(',')
    expect(Object.keys(parse(`{${keys}}`) as object)).toHaveLength(60_000)
  })
})
