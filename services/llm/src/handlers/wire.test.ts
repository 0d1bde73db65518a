import { type Message, Role, type StreamChatRequest } from '@lexcustis/proto/llm'
import { describe, expect, test } from 'vitest'
import { fromRequest, toResponse } from './wire.js'

const said = (role: Role, change: Partial<Message> = {}): Message => ({
  role,
  content: 'x',
  toolCalls: [],
  toolCallId: '',
  ...change,
})
const call = (change: object = {}) => ({ id: 'c1', name: 'weather', arguments: '{}', ...change })

const requestOf = (change: Partial<StreamChatRequest>): StreamChatRequest => ({
  provider: 'mistral',
  model: 'm',
  messages: [said(Role.USER)],
  sources: [],
  stop: [],
  toolsJson: '',
  toolChoiceJson: '',
  responseFormatJson: '',
  ...change,
})

describe('a request', () => {
  test('becomes a question with calls, their answers, penalties and tools', () => {
    const question = fromRequest(
      requestOf({
        messages: [
          said(Role.USER),
          said(Role.ASSISTANT, { content: '', toolCalls: [call()] }),
          said(Role.TOOL, { toolCallId: 'c1' }),
        ],
        presencePenaltyE4: -20_000,
        frequencyPenaltyE4: 5_000,
        toolsJson: '[{"type":"function","function":{"name":"weather"}}]',
        responseFormatJson: '{"type":"json_object"}',
      }),
    )
    expect(question).toMatchObject({
      messages: [
        { speaker: 'user', content: 'x' },
        { speaker: 'assistant', content: '', toolCalls: [call()] },
        { speaker: 'tool', content: 'x', toolCallId: 'c1' },
      ],
      sampling: { presencePenalty: -2, frequencyPenalty: 0.5 },
      tools: { definitions: [{ type: 'function', function: { name: 'weather' } }] },
      format: { type: 'json_object' },
    })
  })

  test.each<[string, Partial<StreamChatRequest>]>([
    ['/messages', { messages: [] }],
    ['/messages/0/role', { messages: [said(Role.UNSPECIFIED)] }],
    ['/messages/0/tool_call_id', { messages: [said(Role.TOOL)] }],
    ['/messages/0/tool_call_id', { messages: [said(Role.TOOL, { toolCallId: 'c1' })] }],
    ['/messages/0/tool_call_id', { messages: [said(Role.USER, { toolCallId: 'c1' })] }],
    ['/messages/0/tool_calls', { messages: [said(Role.USER, { toolCalls: [call()] })] }],
    [
      '/messages/0/tool_calls/1/id',
      { messages: [said(Role.ASSISTANT, { toolCalls: [call(), call({ id: '' })] })] },
    ],
    [
      '/messages/0/tool_calls/0/function/name',
      { messages: [said(Role.ASSISTANT, { toolCalls: [call({ name: '' })] })] },
    ],
    ['/temperature', { temperatureE4: 20_001 }],
    ['/top_p', { topPE4: 10_001 }],
    ['/presence_penalty', { presencePenaltyE4: -20_001 }],
    ['/frequency_penalty', { frequencyPenaltyE4: 20_001 }],
    ['/seed', { seed: 2n ** 60n }],
  ])('is refused for a mistake at %s (%#)', (pointer, change) => {
    expect(() => fromRequest(requestOf(change))).toThrow(
      expect.objectContaining({
        reason: 'INVALID_INPUT',
        errors: [expect.objectContaining({ pointer })],
      }),
    )
  })
})

describe('an event', () => {
  test('says who answered, and passes on a piece of a call', () => {
    const who = { provider: 'mistral', model: 'm', region: 'eu' } as const
    const finished = { kind: 'finished', reason: 'tool_calls', modelSnapshot: 's', ...who } as const
    expect(toResponse(finished).event).toEqual({
      $case: 'finished',
      value: { reason: 4, modelSnapshot: 's', ...who },
    })
    const piece = { index: 1, id: 'c1', name: 'weather', arguments: '{' }
    expect(toResponse({ kind: 'tool_call', ...piece }).event).toEqual({
      $case: 'toolCall',
      value: piece,
    })
  })
})
