import { AppError } from '@lexcustis/core'
import { describe, expect, test } from 'vitest'
import { readFormat, readTools } from './read-json-fields.js'

const tool = (change: object = {}) => ({
  type: 'function',
  function: { name: 'weather', ...change },
})
const given = (tools: unknown, choice?: unknown, parallelToolCalls?: boolean) => ({
  toolsJson: typeof tools === 'string' ? tools : JSON.stringify(tools),
  toolChoiceJson: choice === undefined ? '' : JSON.stringify(choice),
  ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
})

function pointerOf(read: () => unknown): string | undefined {
  try {
    read()
  } catch (error) {
    if (error instanceof AppError && error.reason === 'INVALID_INPUT') {
      return error.errors[0]?.pointer
    }
    throw error
  }
  return undefined
}

/** An array in an array, so many deep. */
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

describe('tools', () => {
  test('are none when nothing is said', () => {
    expect(readTools(given(''))).toBeUndefined()
  })

  test('keep the fields that are not ours to know', () => {
    const definition = { ...tool({ strict: true, x: { y: 1 } }), cache: 'yes' }
    expect(readTools(given([definition], 'required', false))).toEqual({
      definitions: [definition],
      choice: 'required',
      inParallel: false,
    })
    const forced = { type: 'function', function: { name: 'weather' } }
    expect(readTools(given([tool()], forced))?.choice).toEqual({ name: 'weather' })
  })

  test.each<[string, Parameters<typeof readTools>[0]]>([
    ['/tools', given('[')],
    ['/tools', given({})],
    ['/tools', given([])],
    ['/tools', given(Array(129).fill(tool()))],
    ['/tools', given(`["${'x'.repeat(1_048_576)}"]`)],
    ['/tools', given(nested(33))],
    ['/tools', given(nested(500_000))],
    ['/tools/0', given(nested(32))],
    ['/tools/0/type', given([{ type: 'web_search', function: { name: 'x' } }])],
    ['/tools/0/function', given([{ type: 'function' }])],
    ['/tools/0/function/name', given([tool({ name: 'two words' })])],
    ['/tools/1/function/name', given([tool(), tool()])],
    ['/tools/0/function/parameters', given([tool({ parameters: [] })])],
    ['/tool_choice', given('', 'auto')],
    ['/tool_choice', given([tool()], 'sometimes')],
    ['/tool_choice', given([tool()], { type: 'allowed_tools' })],
    ['/tool_choice/function/name', given([tool()], { type: 'function', function: { name: 'x' } })],
    ['/parallel_tool_calls', given('', undefined, true)],
  ])('are refused for a mistake at %s (%#)', (pointer, fields) => {
    expect(pointerOf(() => readTools(fields))).toBe(pointer)
  })

  test('are refused without a word of theirs', () => {
    expect(() => readTools(given('[secret'))).toThrow(/^\/tools must be JSON$/)
  })
})

describe('the form of an answer', () => {
  test('is text when nothing else is said', () => {
    expect(readFormat('')).toBeUndefined()
    expect(readFormat('{"type":"text"}')).toBeUndefined()
  })

  test('keeps a schema with all of its fields', () => {
    const format = {
      type: 'json_schema',
      json_schema: { name: 'city', strict: true, schema: { type: 'object' } },
    }
    expect(readFormat(JSON.stringify(format))).toEqual(format)
    expect(readFormat('{"type":"json_object"}')).toEqual({ type: 'json_object' })
  })

  test.each([
    ['/response_format', '{'],
    ['/response_format', '"json_object"'],
    ['/response_format/type', '{"type":"grammar"}'],
    ['/response_format', '{"type":"json_object","x":1}'],
    ['/response_format/json_schema', '{"type":"json_schema"}'],
    ['/response_format/json_schema/name', '{"type":"json_schema","json_schema":{"name":"a b"}}'],
  ])('is refused for a mistake at %s (%#)', (pointer, json) => {
    expect(pointerOf(() => readFormat(json))).toBe(pointer)
  })
})
