import { randomUUID } from 'node:crypto'
import type { CompletionEvent } from '../domain/completion.js'
import { failure } from './provider-failure.js'
import { WholeText } from './whole-text.js'

export type ToolCallPiece = Extract<CompletionEvent, { kind: 'tool_call' }>

interface Call {
  readonly index: number
  readonly theirIndex: unknown
  readonly id: string
  readonly text: WholeText
}

/** Nothing can be relied upon in what a provider sends. */
interface Fields {
  readonly index?: unknown
  readonly id?: unknown
  readonly function?: unknown
}

const MAX_CALLS = 128
/** They are passed on and stored; what is longer is no id and no name. */
const MAX_LABEL = 256

/**
 * Puts the pieces of tool calls in order. Endpoints that call themselves compatible leave out the
 * index, give each call the same one, repeat id and name in every piece, or give no id at all.
 */
export class ToolCallReader {
  private readonly calls: Call[] = []

  get isEmpty(): boolean {
    return this.calls.length === 0
  }

  read(list: unknown): ToolCallPiece[] {
    if (list === undefined || list === null) return []
    if (!Array.isArray(list)) throw malformed()
    return list.map((piece: unknown) => this.readPiece(piece))
  }

  private readPiece(piece: unknown): ToolCallPiece {
    if (typeof piece !== 'object' || piece === null) throw malformed()
    const { index, id: givenId, function: called } = piece as Fields
    const { name: givenName, arguments: given } = (called ?? {}) as Record<string, unknown>
    const [id, name] = [labelOf(givenId), labelOf(givenName)]
    const known = this.find(index, id, name)
    if (known) return toPiece(known, known.text.add(argumentsOf(given)))
    if (name === '' || this.calls.length >= MAX_CALLS) throw malformed()
    const call = this.begin(index, id)
    return { ...toPiece(call, call.text.add(argumentsOf(given))), id: call.id, name }
  }

  /** The call that a piece belongs to; undefined when it begins one. */
  private find(index: unknown, id: string, name: string): Call | undefined {
    if (index === undefined || index === null) {
      if (id === '' && name === '') return this.calls.at(-1)
      return this.calls.find((call) => id !== '' && call.id === id)
    }
    const known = this.calls.findLast((call) => call.theirIndex === index)
    const isAnother = id !== '' && name !== '' && known?.id !== id
    return isAnother ? undefined : known
  }

  private begin(theirIndex: unknown, id: string): Call {
    const call = {
      index: this.calls.length,
      theirIndex,
      id: id || `call_${randomUUID().replaceAll('-', '')}`,
      text: new WholeText(),
    }
    this.calls.push(call)
    return call
  }
}

function toPiece({ index }: Call, text: string): ToolCallPiece {
  return { kind: 'tool_call', index, id: '', name: '', arguments: text }
}

function labelOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string' || value.length > MAX_LABEL || /\p{Cc}|\p{Cs}/u.test(value)) {
    throw malformed()
  }
  return value
}

/** Text, or the object itself, as some send it. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function malformed(): Error {
  return failure('sent a tool call of an unknown form', 'check its base URL')
}
