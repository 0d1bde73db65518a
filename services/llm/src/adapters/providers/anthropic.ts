import type { Endpoint, ProviderHealth } from '../../domain/provider.js'
import { toAnthropicBody } from './anthropic-body.js'
import type { AnthropicClients } from './anthropic-client.js'
import { AnthropicReader } from './anthropic-reader.js'
import type { Dialect, Prompted, ReadyProvider, Send } from './dialect.js'

/** Anthropic's Messages API. */
export class AnthropicDialect implements Dialect {
  constructor(private readonly clients: AnthropicClients) {}

  prepare(asked: Prompted, endpoint: Endpoint): Send {
    const body = toAnthropicBody(asked)
    const client = this.clients.of(endpoint)
    return async (signal) => {
      const { data, response } = await client.messages.create(body, { signal }).withResponse()
      return { events: data, isDone: () => this.clients.isDone(response) }
    }
  }

  createReader(): AnthropicReader {
    return new AnthropicReader()
  }

  /** Asks for the one model: free, and it resolves the aliases that its list leaves out. */
  async check({ endpoint, model }: ReadyProvider, signal: AbortSignal): Promise<ProviderHealth> {
    await this.clients.of(endpoint).models.retrieve(model, {}, { signal })
    return { ok: true, detail: 'answers' }
  }
}
