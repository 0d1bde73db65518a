import type { Answer } from './ending.js'
import type { ChatMessage, ModelOptions, Passage, ToolCall } from './request.js'

// The vault commits to exact text, so these two texts are part of the record format: RFC 8785 (JCS)
// of an array. Members are written in JCS order, and for strings and safe integers JSON.stringify
// is JCS, so no canonicaliser is needed.

/**
 * `prompt`: the conversation as the client sent it, `[{"content":…,"role":…},…]`. Where there are tools
 * or a form for the answer it is `{"messages":[…],"response_format":…,"tool_choice":…,"tools":…}`, and
 * the last three hold the JSON that was sent as a text.
 */
export function promptText(messages: readonly ChatMessage[], options: ModelOptions): string {
  const said = messages.map(({ content, role, toolCallId, toolCalls }) => ({
    content,
    role,
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
    ...(toolCalls ? { tool_calls: toolCalls.map(callOf) } : {}),
  }))
  const { responseFormat, toolChoice, tools } = options
  if (!responseFormat && !toolChoice && !tools) return JSON.stringify(said)
  return JSON.stringify({
    messages: said,
    response_format: responseFormat,
    tool_choice: toolChoice,
    tools,
  })
}

/**
 * `response`: the text of the answer; of one that calls tools `{"text":…,"tool_calls":[…]}`. Which of
 * the two it is `finish_reason` and the members tell: only the second is of this form and has calls.
 */
export function responseText({ text, toolCalls }: Pick<Answer, 'text' | 'toolCalls'>): string {
  if (toolCalls.length === 0) return text
  return JSON.stringify({ text, tool_calls: toolCalls.map(callOf) })
}

function callOf({ arguments: given, id, name }: ToolCall) {
  return { arguments: given, id, name }
}

/** `passages`: `[{"chunk":…,"document":…,"n":1,"text":…,"title":…,"version":1},…]`, as given to the model. */
export function passagesText(passages: readonly Passage[]): string {
  return JSON.stringify(
    passages.map(({ chunkId, documentId, n, text, title, version }) => ({
      chunk: chunkId,
      document: documentId,
      n,
      text,
      title,
      version,
    })),
  )
}
