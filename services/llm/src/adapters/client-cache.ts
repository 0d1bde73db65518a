import { createHash } from 'node:crypto'
import type { Endpoint } from '../domain/provider.js'

const MAX_CLIENTS = 256

/** One SDK client per endpoint; connections are shared below them. */
export class ClientCache<Client> {
  private readonly clients = new Map<string, Client>()

  constructor(private readonly create: (endpoint: Endpoint) => Client) {}

  of(endpoint: Endpoint): Client {
    // A digest, so that no key of an endpoint is kept in one more place.
    const key = createHash('sha256').update(JSON.stringify(endpoint)).digest('base64')
    const known = this.clients.get(key)
    if (known) return known
    if (this.clients.size >= MAX_CLIENTS) this.clients.clear()
    const client = this.create(endpoint)
    this.clients.set(key, client)
    return client
  }
}
