import type { StreamChatRequest } from '@lexcustis/proto/llm'
import { z } from 'zod'
import type { AnswerFormat, ToolChoice, Tools } from '../domain/completion.js'
import { invalid } from '../domain/provider-choice.js'

const MAX_BYTES = 1_048_576
const MAX_DEPTH = 32
const MAX_TOOLS = 128
const NAME = /^[\w-]{1,64}$/
const NAME_RULE = 'must be 1 to 64 letters, digits, "_" or "-"'

/** Fields that are not named here go to the provider as they are. */
const Tool = z.looseObject({
  type: z.literal('function', 'must be function'),
  function: z.looseObject({
    name: z.string(NAME_RULE).regex(NAME, NAME_RULE),
    description: z.string('must be text').optional(),
    parameters: z.looseObject({}, 'must be a JSON Schema').optional(),
  }),
})

const ToolList = z
  .array(Tool, 'must be a list')
  .min(1, 'must not be empty')
  .max(MAX_TOOLS, `must be at most ${MAX_TOOLS}`)

const Choice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.strictObject({
    type: z.literal('function'),
    function: z.strictObject({ name: z.string().regex(NAME) }),
  }),
])

const Format = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.looseObject({
        name: z.string(NAME_RULE).regex(NAME, NAME_RULE),
        schema: z.looseObject({}, 'must be a JSON Schema').optional(),
      }),
    }),
  ],
  'must have the type text, json_object or json_schema',
)

type Given = Pick<StreamChatRequest, 'toolsJson' | 'toolChoiceJson' | 'parallelToolCalls'>

/** Throws INVALID_INPUT with a pointer in the words of OpenAI's API, in which people write them. */
export function readTools({
  toolsJson,
  toolChoiceJson,
  parallelToolCalls,
}: Given): Tools | undefined {
  const choice = readChoice(toolChoiceJson)
  if (!toolsJson) {
    if (choice !== undefined) throw invalid('/tool_choice', 'needs tools')
    if (parallelToolCalls !== undefined) throw invalid('/parallel_tool_calls', 'needs tools')
    return undefined
  }
  const definitions = check(ToolList, readJson(toolsJson, '/tools'), '/tools')
  const names = new Set<string>()
  for (const [at, { function: called }] of definitions.entries()) {
    if (names.has(called.name)) throw invalid(`/tools/${at}/function/name`, 'is there twice')
    names.add(called.name)
  }
  if (typeof choice === 'object' && !names.has(choice.name)) {
    throw invalid('/tool_choice/function/name', 'is none of the tools')
  }
  return { definitions, choice, inParallel: parallelToolCalls }
}

function readChoice(json: string): ToolChoice | undefined {
  if (!json) return undefined
  const parsed = Choice.safeParse(readJson(json, '/tool_choice'))
  if (!parsed.success) {
    throw invalid('/tool_choice', 'must be auto, none, required or the name of one function')
  }
  return typeof parsed.data === 'string' ? parsed.data : { name: parsed.data.function.name }
}

/** Undefined for text. */
export function readFormat(json: string): AnswerFormat | undefined {
  if (!json) return undefined
  const format = check(Format, readJson(json, '/response_format'), '/response_format')
  return format.type === 'text' ? undefined : format
}

function readJson(json: string, pointer: string): unknown {
  if (Buffer.byteLength(json) > MAX_BYTES) throw invalid(pointer, 'must be at most 1 MiB')
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // What the parser says would repeat a piece of it.
    throw invalid(pointer, 'must be JSON')
  }
  if (isDeeper(value, MAX_DEPTH)) throw invalid(pointer, `must be at most ${MAX_DEPTH} levels deep`)
  return value
}

/** More lists and objects in one another than so many? Without recursion: the depth is not ours. */
function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer)
  for (let depth = 0; depth < levels; depth += 1) {
    level = level.flatMap((container): unknown[] => Object.values(container)).filter(isContainer)
  }
  return level.length > 0
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function check<T>(schema: z.ZodType<T>, value: unknown, pointer: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = (issue?.path ?? []).map((part) => `/${escapePointer(String(part))}`).join('')
  throw invalid(`${pointer}${path}`, issue?.message ?? 'cannot be used')
}

/** RFC 6901. */
function escapePointer(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}
