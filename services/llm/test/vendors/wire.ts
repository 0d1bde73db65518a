import type { IncomingHttpHeaders } from 'node:http'
import type { FinishReason } from '../../src/domain/completion.js'
import type { KindName } from '../../src/domain/provider.js'

/** A call of a tool, with its arguments in the pieces in which they come. */
export interface ScriptedCall {
  readonly id: string
  readonly name: string
  readonly pieces: readonly string[]
}

/** What a vendor does with a question, in nobody's form. */
export interface Script {
  /** Anything but 200 answers an error in the vendor's form, with these words in it. */
  readonly status?: number
  readonly words?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly contentType?: string
  readonly text?: readonly string[]
  readonly calls?: readonly ScriptedCall[]
  /** Left out: `stop`. Null: the answer ends without it. */
  readonly finish?: FinishReason | null
  /** Null: nobody counts. */
  readonly usage?: { readonly tokensIn: number; readonly tokensOut: number } | null
  /** Without [DONE] or message_stop. */
  readonly isEndMissing?: boolean
  /** What comes in place of the end of the answer, after all of its text. */
  readonly fails?: 'error' | 'malformed' | 'cut' | 'stall'
  /** Nothing is answered at all, not even a status. */
  readonly isSilent?: boolean
  /** A second choice beside each piece of the first. */
  readonly hasSecondChoice?: boolean
  /** Where the bytes of the stream are split into two writes. */
  readonly splitAt?: number
}

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Readonly<Record<string, unknown>>
}

/** How one vendor talks; every file names the page that says so. */
export interface VendorWire {
  readonly kind: KindName
  /** Appended to the server's address. */
  readonly basePath: string
  /** Azure's version of the API. */
  readonly apiVersion?: string
  /** Name that the vendor takes for the model; a request for another is a 404. */
  readonly model: string
  isChat(received: Received): boolean
  /** Whether the key is there, in the way this vendor wants it. */
  isKnown(received: Received): boolean
  /** What is wrong with a request, as this vendor would find; undefined for a good one. */
  refusalOf(received: Received): { readonly status: number; readonly words: string } | undefined
  /** Answer to anything but a chat; undefined is a 404. */
  look(received: Received): object | undefined
  /** The stream, one text per event; `malformed` and `error` included. */
  events(script: Script): readonly string[]
  error(status: number, words: string): object
}

export const MODEL = 'model-1'
export const KEY = 'sk-a-secret-key'
export const SNAPSHOT = 'model-1-2026-11-01'
export const DEFAULT_USAGE = { tokensIn: 11, tokensOut: 5 }
export const PROVIDER_WORDS = 'words of the provider that repeat the secret question'

export const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

/** Fields of a request that a vendor does not know. */
export function unknownFields(
  body: Readonly<Record<string, unknown>>,
  known: readonly string[],
): string[] {
  return Object.keys(body).filter((field) => !known.includes(field))
}
