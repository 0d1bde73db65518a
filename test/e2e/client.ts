/** One server-sent event as received. */
export interface SseEvent {
  readonly event: string
  readonly data: string
}

/** Reads a stream of events until it ends; `[DONE]` arrives as an event named `done`. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder()
  let buffer = ''
  for await (const chunk of body) {
    buffer += decoder.decode(chunk, { stream: true })
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const block = buffer.slice(0, end)
      buffer = buffer.slice(end + 2)
      const event = parseBlock(block)
      if (event) yield event
    }
  }
}

function parseBlock(block: string): SseEvent | undefined {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7)
    if (line.startsWith('data: ')) data.push(line.slice(6))
  }
  if (data.length === 0) return undefined
  const joined = data.join('\n')
  return joined === '[DONE]' ? { event: 'done', data: joined } : { event, data: joined }
}

export interface Receipt {
  readonly request_id: string
  readonly organization_id: string
  readonly started_sequence: string
  readonly sequence: string
  readonly entry_id: string
  readonly entry_hash: string
  readonly checkpoint_size: string
  readonly outcome: string
  readonly provider: string
  readonly model: string
}

export interface Envelope {
  readonly id: string
  readonly seq: string
  readonly type: string
  readonly ref?: string
  readonly actor: { readonly kind: string }
  readonly attrs: Readonly<Record<string, unknown>>
}

export interface Entry {
  readonly sequence: string
  readonly id: string
  readonly entry_hash: string
  readonly envelope: Envelope
}

export interface Verification {
  readonly valid: boolean
  readonly checked: string | number
  readonly expected: string | number
  readonly open: string | number
  readonly breaks: readonly unknown[]
}

/** The parts of the HTTP API that several stories use, on behalf of one token. */
export class Client {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  static async login(url: string, email: string, password: string): Promise<Client> {
    const response = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })
    if (response.status !== 200)
      throw new Error(`login answered ${response.status}: ${await response.text()}`)
    const { access_token } = (await response.json()) as { access_token: string }
    return new Client(url, access_token)
  }

  async request(
    method: string,
    path: string,
    body?: unknown,
    init: RequestInit = {},
  ): Promise<Response> {
    return fetch(this.url + path, {
      method,
      ...init,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(init.headers as Record<string, string> | undefined),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.request(method, path, body)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return (text ? JSON.parse(text) : undefined) as T
  }

  async upload(
    name: string,
    content: string | Uint8Array,
    type = 'text/markdown',
  ): Promise<{ id: string }> {
    const form = new FormData()
    form.append('file', new Blob([content], { type }), name)
    const response = await this.request('POST', '/api/v1/documents', undefined, { body: form })
    if (response.status !== 202)
      throw new Error(`upload answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as { id: string }
  }

  async waitReady(id: string, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const document = await this.json<{ state: string; reason: string | null }>(
        'GET',
        `/api/v1/documents/${id}`,
      )
      if (document.state === 'ready') return
      if (document.state === 'failed' || Date.now() > deadline) {
        throw new Error(`document is ${document.state}: ${document.reason ?? ''}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Opens a streaming chat; the caller reads the events. */
  async chat(question: string, signal?: AbortSignal, extra: object = {}): Promise<Response> {
    const body = { messages: [{ role: 'user', content: question }], stream: true, ...extra }
    return this.request('POST', '/api/v1/chat', body, signal ? { signal } : {})
  }

  async chatEvents(question: string, extra: object = {}): Promise<SseEvent[]> {
    const response = await this.chat(question, undefined, extra)
    if (response.status !== 200)
      throw new Error(`chat answered ${response.status}: ${await response.text()}`)
    return collect(response)
  }

  async entries(query = ''): Promise<Entry[]> {
    const all: Entry[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { items: Entry[]; next_cursor: string | null } = await this.json(
        'GET',
        `/api/v1/audit/entries?limit=200${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      )
      all.push(...page.items)
      cursor = page.next_cursor
    }
    return all
  }

  /** The ends of one chat; waits, because an end may be recorded after the client has gone. */
  async endsOf(requestId: string, timeoutMs = 20_000): Promise<Entry[]> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const ends = (await this.entries(`&ref=${requestId}`)).filter((entry) =>
        ['chat.completed', 'chat.blocked', 'chat.aborted'].includes(entry.envelope.type),
      )
      if (ends.length > 0 || Date.now() > deadline) return ends
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  async verify(): Promise<Verification> {
    const response = await this.request('GET', '/api/v1/audit/verify')
    if (response.status !== 200)
      throw new Error(`verify answered ${response.status}: ${await response.text()}`)
    const events = await collect(response)
    const result = events.find((event) => event.event === 'result')
    if (!result) throw new Error('the verification had no result')
    return JSON.parse(result.data) as Verification
  }
}

export async function collect(response: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  if (!response.body) throw new Error('no body')
  for await (const event of readEvents(response.body)) events.push(event)
  return events
}

export function dataOf<T>(events: readonly SseEvent[], name: string): T {
  const found = events.find((event) => event.event === name)
  if (!found) throw new Error(`no ${name} among ${events.map(({ event }) => event).join(', ')}`)
  return JSON.parse(found.data) as T
}

export function textOf(events: readonly SseEvent[]): string {
  return events
    .filter(({ event }) => event === 'delta')
    .map(({ data }) => (JSON.parse(data) as { text: string }).text)
    .join('')
}
