import type { Completer } from '../../domain/completion.js'
import { extractiveCompleter } from '../../domain/extractive/extractive-completer.js'
import type { KindName, Provider, ProviderHealth } from '../../domain/provider.js'
import { OpenAiClients } from '../openai-client.js'
import { checkReady } from '../provider-check.js'
import type { Outbound } from '../sdk-fetch.js'
import { AnthropicClients } from './anthropic-client.js'
import { AnthropicDialect } from './anthropic.js'
import { AZURE_OPENAI } from './azure-openai.js'
import { ChatDialect, type ChatRules } from './chat-dialect.js'
import type { Dialect } from './dialect.js'
import { MISTRAL } from './mistral.js'
import { OLLAMA } from './ollama.js'
import { OPENAI_COMPATIBLE } from './openai-compatible.js'
import { OPENAI } from './openai.js'
import { type AnswerLimits, StreamingCompleter } from './streaming-completer.js'

type ModelKind = Exclude<KindName, 'extractive'>

/** Everybody who can be asked. */
export class Vendors {
  private readonly dialects: Readonly<Record<ModelKind, Dialect>>

  constructor(outbound: Outbound) {
    const clients = new OpenAiClients(outbound)
    const chat = (rules: ChatRules) => new ChatDialect(clients, rules)
    this.dialects = {
      anthropic: new AnthropicDialect(new AnthropicClients(outbound)),
      'azure-openai': chat(AZURE_OPENAI),
      mistral: chat(MISTRAL),
      ollama: chat(OLLAMA),
      openai: chat(OPENAI),
      'openai-compatible': chat(OPENAI_COMPATIBLE),
    }
  }

  completerOf(provider: Provider, limits: AnswerLimits): Completer {
    const { kind, endpoint } = provider
    if (kind === 'extractive' || !endpoint) return extractiveCompleter
    return new StreamingCompleter(this.dialects[kind], { ...provider, endpoint }, limits)
  }

  /** Whether a provider answers, and what to do when it does not. */
  async check(provider: Provider, caller: AbortSignal): Promise<ProviderHealth> {
    const { kind, endpoint } = provider
    if (kind === 'extractive' || !endpoint) {
      return { ok: true, detail: 'quotes the sources; no language model is configured' }
    }
    return checkReady(this.dialects[kind], { ...provider, endpoint }, caller)
  }
}
