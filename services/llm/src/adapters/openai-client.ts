import OpenAI, { AzureOpenAI, type ClientOptions } from 'openai'
import type { Endpoint } from '../domain/provider.js'
import { ClientCache } from './client-cache.js'
import { type Outbound, SdkFetch } from './sdk-fetch.js'
import { DONE } from './watched-response.js'

/** Our own limits are shorter; this only switches off the SDK's. */
export const NO_TIMEOUT_MS = 2_147_483_647

/** Clients for everything that speaks OpenAI's API. */
export class OpenAiClients {
  private readonly http: SdkFetch
  private readonly plain: ClientCache<OpenAI>
  private readonly azure: ClientCache<OpenAI>

  constructor(outbound: Outbound) {
    this.http = new SdkFetch(outbound, DONE)
    this.plain = new ClientCache((endpoint) => this.createPlain(endpoint))
    this.azure = new ClientCache((endpoint) => this.createAzure(endpoint))
  }

  of(endpoint: Endpoint): OpenAI {
    return this.plain.of(endpoint)
  }

  ofAzure(endpoint: Endpoint): OpenAI {
    return this.azure.of(endpoint)
  }

  /** Whether the stream of this response has said [DONE]. */
  isDone(response: Response): boolean {
    return this.http.isDone(response)
  }

  private createPlain(endpoint: Endpoint): OpenAI {
    const { baseUrl, apiKey } = endpoint
    return new OpenAI({
      ...this.options(endpoint),
      baseURL: baseUrl,
      // The SDK wants some key; without one of ours the header is left out. It is named here as well
      // because the SDK lets headers of the environment stand before its own.
      apiKey: apiKey ?? 'none',
      defaultHeaders: { authorization: apiKey === undefined ? null : `Bearer ${apiKey}` },
    })
  }

  /**
   * With a version: the API of deployments in the path. Without: the v1 API, where the deployment is
   * the model. https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
   */
  private createAzure(endpoint: Endpoint): OpenAI {
    const { baseUrl, apiKey = 'none', apiVersion } = endpoint
    const { origin } = new URL(baseUrl)
    const defaultHeaders = { authorization: null, 'api-key': apiKey }
    const options = { ...this.options(endpoint), apiKey, defaultHeaders }
    if (apiVersion !== undefined) {
      return new AzureOpenAI({ ...options, baseURL: `${origin}/openai`, apiVersion })
    }
    return new OpenAI({ ...options, baseURL: `${origin}/openai/v1` })
  }

  /** Nothing from the environment, no retries and limits of its own, and no log of what is sent. */
  private options(endpoint: Endpoint) {
    return {
      organization: null,
      project: null,
      adminAPIKey: null,
      webhookSecret: null,
      maxRetries: 0,
      timeout: NO_TIMEOUT_MS,
      logLevel: 'off',
      fetch: this.http.of(endpoint),
    } as const satisfies ClientOptions
  }
}
