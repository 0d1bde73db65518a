import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventLines } from './event-lines.js'

function read(...pieces: readonly (string | Buffer)[]): string {
  const lines = new EventLines()
  return Buffer.concat(pieces.map((piece) => lines.write(Buffer.from(piece)))).toString()
}

interface Event {
  readonly name: string | undefined
  readonly data: readonly string[]
}

/** The algorithm of the standard, over a whole stream and without regard to speed. */
function parse(stream: string): Event[] {
  const events: Event[] = []
  let [name, data]: [string | undefined, string[]] = [undefined, []]
  const lines = stream.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  // What is behind the last line end is no line.
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push({ name, data })
      ;[name, data] = [undefined, []]
    }
    const [, field = line, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (field === 'data') data.push(value)
    if (field === 'event') name = value
  }
  return events
}

describe('the lines of an event stream', () => {
  test('pass when they belong to an event that has data', () => {
    expect(read('event: a\ndata: 1\n\ndata:2\r\n\r\ndata\r\r')).toBe(
      'event: a\ndata: 1\n\ndata:2\n\ndata\n\n',
    )
  })

  test('pass at once when they are data: nobody waits for their end', () => {
    const lines = new EventLines()
    expect(lines.write(Buffer.from('event: a\ndata: {"t')).toString()).toBe('event: a\ndata: {"t')
    expect(lines.write(Buffer.from('ext":1}')).toString()).toBe('ext":1}')
  })

  test.each([
    'event: ping\n\n',
    'event\n\n',
    'event: error\nid: 7\nretry: 10\n\n',
    ': a comment\n\n',
    'database: 1\neventually: 2\n\n',
    '\n\r\n\r',
  ])('do not pass without data: %j', (lines) => {
    expect(read(lines)).toBe('')
    expect(read(`${lines}data: 1\n\n`)).toBe('data: 1\n\n')
  })

  test('lose a byte order mark only where one may stand', () => {
    expect(read('\uFEFFdata: 1\n\n')).toBe('data: 1\n\n')
    expect(read('data: 1\n\n\uFEFFdata: 2\n\n')).toBe('data: 1\n\n')
  })

  test('hold little of a name without an end', () => {
    const lines = new EventLines()
    for (let n = 0; n < 1_000; n += 1) lines.write(Buffer.from('event: x'))
    expect(lines.write(Buffer.from('\ndata: 1\n\n')).length).toBeLessThan(300)
  })

  test('say the same as the whole stream, however it is split', () => {
    const line = fc.oneof(
      fc.constantFrom('', '', 'data', 'data:', 'data: {"a":1}', 'event: x', 'event', ':', 'id: 1'),
      fc.constantFrom('dat', 'datax: 1', 'event:', 'eventx', 'data: fährt 🚆', '\uFEFFdata: 1'),
      fc.string({ unit: fc.constantFrom('d', 'a', 't', 'e', ':', ' '), maxLength: 8 }),
    )
    const stream = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 })
      .map((lines) => lines.map((pair) => pair.join('')).join(''))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 12 }), (text, places) => {
        const bytes = Buffer.from(text)
        const cuts = [0, ...places.filter((at) => at < bytes.length).sort((a, b) => a - b)]
        const pieces = cuts.map((at, index) => bytes.subarray(at, cuts[index + 1]))
        const written = read(...pieces)
        expect(parse(written)).toEqual(parse(text))
        expect(written).not.toMatch(/\r|^\n|\n\n\n/)
      }),
      { numRuns: 2_000 },
    )
  })
})
