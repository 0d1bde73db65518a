import type { Question } from '../src/domain/completion.js'
import { samplingOf } from './ask-provider.js'
import { describeProvider, TOOLS } from './providers.contract.js'
import { ANTHROPIC_WIRE } from './vendors/anthropic-wire.js'
import {
  AZURE_DATED_WIRE,
  AZURE_V1_WIRE,
  COMPATIBLE_WIRE,
  MISTRAL_WIRE,
  OLLAMA_WIRE,
  OPENAI_WIRE,
} from './vendors/chat-wires.js'

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } } }
const JSON_SCHEMA: NonNullable<Question['format']> = {
  type: 'json_schema',
  json_schema: { name: 'city', schema: SCHEMA, strict: true },
}
const JSON_OBJECT: NonNullable<Question['format']> = { type: 'json_object' }
const SAMPLING = {
  temperature: 0.2,
  topP: 0.9,
  maxTokens: 50,
  seed: 7,
  stop: ['END'],
  presencePenalty: 0.5,
  frequencyPenalty: -0.5,
}
const SAMPLED = {
  temperature: 0.2,
  top_p: 0.9,
  stop: ['END'],
  presence_penalty: 0.5,
  frequency_penalty: -0.5,
}
const FORCED = { ...TOOLS, choice: { name: 'weather' }, inParallel: false }
const FORCED_FIELDS = {
  tools: TOOLS.definitions,
  tool_choice: { type: 'function', function: { name: 'weather' } },
  parallel_tool_calls: false,
}
const EVERYTHING = { sampling: SAMPLING, tools: FORCED, format: JSON_SCHEMA }

const ofOpenAi = {
  refused: [],
  spoken: {
    question: EVERYTHING,
    body: {
      ...SAMPLED,
      ...FORCED_FIELDS,
      max_completion_tokens: 50,
      seed: 7,
      response_format: JSON_SCHEMA,
      stream_options: { include_usage: true },
    },
  },
}

describeProvider({ name: 'openai', wire: OPENAI_WIRE, ...ofOpenAi })
describeProvider({
  name: 'azure-openai, v1',
  wire: AZURE_V1_WIRE,
  ...ofOpenAi,
  refused: [['/model', { model: '../elsewhere' }]],
})
describeProvider({ name: 'azure-openai, dated', wire: AZURE_DATED_WIRE, ...ofOpenAi })
describeProvider({
  name: 'openai-compatible',
  wire: COMPATIBLE_WIRE,
  refused: [],
  spoken: {
    question: { ...EVERYTHING, format: JSON_OBJECT },
    body: {
      ...SAMPLED,
      ...FORCED_FIELDS,
      max_tokens: 50,
      seed: 7,
      response_format: JSON_OBJECT,
    },
  },
})
describeProvider({
  name: 'mistral',
  wire: MISTRAL_WIRE,
  refused: [],
  spoken: {
    question: {
      ...EVERYTHING,
      // Ids of another provider become ones that Mistral takes, the same in both places.
      messages: [
        { speaker: 'user', content: 'When?' },
        {
          speaker: 'assistant',
          content: '',
          toolCalls: [{ id: 'toolu_01A09q90qw90lq917835lq9', name: 'weather', arguments: '{}' }],
        },
        { speaker: 'tool', content: 'rain', toolCallId: 'toolu_01A09q90qw90lq917835lq9' },
      ],
    },
    body: {
      ...SAMPLED,
      ...FORCED_FIELDS,
      max_tokens: 50,
      random_seed: 7,
      response_format: JSON_SCHEMA,
    },
  },
})
describeProvider({
  name: 'ollama',
  wire: OLLAMA_WIRE,
  refused: [
    ['/tool_choice', { tools: { ...TOOLS, choice: 'required' } }],
    ['/tool_choice', { tools: { ...TOOLS, choice: { name: 'weather' } } }],
    ['/parallel_tool_calls', { tools: { ...TOOLS, inParallel: false } }],
  ],
  spoken: {
    question: { ...EVERYTHING, tools: { ...TOOLS, choice: 'auto' } },
    body: {
      ...SAMPLED,
      tools: TOOLS.definitions,
      max_tokens: 50,
      seed: 7,
      response_format: JSON_SCHEMA,
    },
  },
})
describeProvider({
  name: 'anthropic',
  wire: ANTHROPIC_WIRE,
  refused: [
    ['/temperature', { sampling: samplingOf({ temperature: 1 }) }],
    ['/top_p', { sampling: samplingOf({ topP: 1 }) }],
    ['/seed', { sampling: samplingOf({ seed: 7 }) }],
    ['/presence_penalty', { sampling: samplingOf({ presencePenalty: 0 }) }],
    ['/frequency_penalty', { sampling: samplingOf({ frequencyPenalty: 0 }) }],
    ['/response_format/type', { format: JSON_OBJECT }],
    [
      '/response_format/json_schema/schema',
      { format: { type: 'json_schema', json_schema: { name: 'x' } } },
    ],
    [
      '/tools/0/function/examples',
      {
        tools: {
          ...TOOLS,
          definitions: [{ type: 'function', function: { name: 'x', examples: [] } }],
        },
      },
    ],
    ['/messages/0/content', { messages: [{ speaker: 'user', content: ' ' }] }],
    [
      '/messages/0/tool_calls/0/function/arguments',
      {
        messages: [
          {
            speaker: 'assistant',
            content: '',
            toolCalls: [{ id: 'c', name: 'weather', arguments: '{"city"' }],
          },
        ],
      },
    ],
  ],
  spoken: {
    question: {
      sampling: samplingOf({ stop: ['END'] }),
      format: JSON_SCHEMA,
      tools: FORCED,
      messages: [
        { speaker: 'system', content: 'Be brief.' },
        { speaker: 'user', content: 'When, and how is the weather?' },
        {
          speaker: 'assistant',
          content: 'I look.',
          toolCalls: [
            { id: 'c1', name: 'departures', arguments: '{"city":"Köln"}' },
            { id: 'c2', name: 'weather', arguments: '' },
          ],
        },
        { speaker: 'tool', content: '9:07', toolCallId: 'c1' },
        { speaker: 'tool', content: 'rain', toolCallId: 'c2' },
        { speaker: 'user', content: 'And?' },
      ],
    },
    body: {
      system: 'Be brief.',
      max_tokens: 8_192,
      stop_sequences: ['END'],
      output_config: { format: { type: 'json_schema', schema: SCHEMA } },
      tools: [
        { name: 'departures', description: 'tells departures', input_schema: SCHEMA },
        { name: 'weather', description: 'tells weather', input_schema: SCHEMA },
      ],
      tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
      messages: [
        { role: 'user', content: 'When, and how is the weather?' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'c1', name: 'departures', input: { city: 'Köln' } },
            { type: 'tool_use', id: 'c2', name: 'weather', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c1', content: '9:07' },
            { type: 'tool_result', tool_use_id: 'c2', content: 'rain' },
          ],
        },
        { role: 'user', content: 'And?' },
      ],
    },
  },
})
