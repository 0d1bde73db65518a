import Anthropic from '@anthropic-ai/sdk'
import type { Endpoint } from '../../domain/provider.js'
import { ClientCache } from '../client-cache.js'
import { NO_TIMEOUT_MS } from '../openai-client.js'
import { type Outbound, SdkFetch } from '../sdk-fetch.js'
import { MESSAGE_STOP } from '../watched-response.js'

/** Clients for Anthropic's API. */
export class AnthropicClients {
  private readonly http: SdkFetch
  private readonly clients: ClientCache<Anthropic>

  constructor(outbound: Outbound) {
    this.http = new SdkFetch(outbound, MESSAGE_STOP)
    this.clients = new ClientCache((endpoint) => this.create(endpoint))
  }

  of(endpoint: Endpoint): Anthropic {
    return this.clients.of(endpoint)
  }

  /** Whether the stream of this response has ended with `message_stop`. */
  isDone(response: Response): boolean {
    return this.http.isDone(response)
  }

  private create(endpoint: Endpoint): Anthropic {
    const apiKey = endpoint.apiKey ?? 'none'
    return new Anthropic({
      baseURL: endpoint.baseUrl,
      // With a key the SDK looks for credentials neither in the environment nor on disk.
      apiKey,
      // It lets headers of the environment stand before its own.
      defaultHeaders: { authorization: `Bearer ${apiKey}` },
      webhookKey: null,
      maxRetries: 0,
      timeout: NO_TIMEOUT_MS,
      // It would log what a provider sends, and report each request to traces of its own.
      logLevel: 'off',
      openTelemetry: false,
      fetch: this.http.of(endpoint),
    })
  }
}
