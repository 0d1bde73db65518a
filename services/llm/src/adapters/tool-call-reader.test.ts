import { describe, expect, test } from 'vitest'
import { ToolCallReader } from './tool-call-reader.js'

const called = (name: string, given?: unknown) => ({ name, arguments: given })

function callsOf(pieces: readonly unknown[]) {
  const reader = new ToolCallReader()
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const piece of pieces) {
    for (const { index, id, name, arguments: given } of reader.read([piece])) {
      const call = (calls[index] ??= { id: '', name: '', arguments: '' })
      call.id += id
      call.name += name
      call.arguments += given
    }
  }
  return calls
}

const TWO = [
  { id: 'a', name: 'one', arguments: '{"x":1}' },
  { id: 'b', name: 'two', arguments: '{}' },
]

describe('calls of tools', () => {
  test.each<[string, unknown[]]>([
    [
      'in pieces that take turns',
      [
        { index: 0, id: 'a', function: called('one', '') },
        { index: 1, id: 'b', function: called('two', '{') },
        { index: 0, function: { arguments: '{"x"' } },
        { index: 1, function: { arguments: '}' } },
        { index: 0, function: { arguments: ':1}' } },
      ],
    ],
    [
      'all at the same index',
      [
        { index: 0, id: 'a', function: called('one', '{"x":1}') },
        { index: 0, id: 'b', function: called('two', '{}') },
      ],
    ],
    [
      'without an index',
      [
        { id: 'a', function: called('one', '{"x"') },
        { function: { arguments: ':1}' } },
        { id: 'b', function: called('two', '{}') },
      ],
    ],
    [
      'with id and name in every piece',
      [
        { index: 0, id: 'a', function: called('one', '{"x"') },
        { index: 0, id: 'a', function: called('one', ':1}') },
        { index: 1, id: 'b', function: called('two', '{}') },
      ],
    ],
    [
      'with arguments that are no text',
      [
        { index: 0, id: 'a', function: called('one', { x: 1 }) },
        { index: 1, id: 'b', function: called('two', {}) },
      ],
    ],
  ])('are put together when they come %s', (_, pieces) => {
    expect(callsOf(pieces)).toEqual(TWO)
  })

  test('get an id when the provider gives none', () => {
    const [one, two] = callsOf([
      { index: 0, function: called('one', '{}') },
      { index: 1, function: called('two', '{}') },
    ])
    expect(one?.id).toMatch(/^call_[0-9a-f]{32}$/)
    expect(two?.id).not.toBe(one?.id)
  })

  test('never pass on half of a character', () => {
    const reader = new ToolCallReader()
    const [first] = reader.read([{ index: 0, id: 'a', function: called('one', '"\ud83d') }])
    const [second] = reader.read([{ index: 0, function: { arguments: '\ude86"' } }])
    expect([first?.arguments, second?.arguments]).toEqual(['"', '🚆"'])
  })

  test.each([
    ['no list', 'x'],
    ['nothing', [null]],
    ['no name', [{ index: 0, id: 'a', function: { arguments: '{' } }]],
    ['an id that is no id', [{ index: 0, id: 'x'.repeat(257), function: called('one') }]],
    ['a name that is no text', [{ index: 0, id: 'a', function: { name: 7 } }]],
  ])('of %s are a failure', (_, list) => {
    expect(() => new ToolCallReader().read(list)).toThrow(/a tool call of an unknown form/)
  })

  test('have an end', () => {
    const list = Array.from({ length: 129 }, (_, index) => ({
      index,
      id: `c${index}`,
      function: called('one'),
    }))
    expect(() => new ToolCallReader().read(list)).toThrow(/unknown form/)
  })
})
