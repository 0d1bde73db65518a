/**
 * What the llm service (gRPC, mutual TLS) adds to the same scripted endpoint asked with bare fetch and
 * with the openai SDK, and how many streams it holds at once within 300 MB.
 *
 *   npm run bench:llm
 */
import { once, setMaxListeners } from 'node:events'
import { loadavg } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import OpenAI from 'openai'
import { type BenchedLlm, startLlmProcess } from './llm-service.js'
import { median, printTable, quantile } from './table.js'

const RUNS = 5
const ROUNDS = new Map([
  [1, 10],
  [50, 1],
])
const LIMIT_MB = 300
const STEP = 250
const MOST_STREAMS = 5_000
const AT_ONCE = 50
const SETTLE_MS = 1_000
const QUESTION = 'What does the policy say about booking a flight, and who approves it? '.repeat(4)

type Ask = () => AsyncIterable<string>

interface Samples {
  /** Milliseconds from the question to the first text. */
  readonly first: number[]
  /** Milliseconds each token was on its way. */
  readonly way: number[]
}

const nowMicros = () => Number(process.hrtime.bigint() / 1_000n)

async function measure(ask: Ask, { first, way }: Samples): Promise<void> {
  const startedAt = nowMicros()
  let isFirst = true
  for await (const text of ask()) {
    const now = nowMicros()
    if (isFirst) first.push((now - startedAt) / 1_000)
    isFirst = false
    for (const stamp of text.trim().split(' ')) way.push((now - Number(stamp)) / 1_000)
  }
  if (isFirst) throw new Error('the answer had no text')
}

/** The least that reads a stream of events: no checks at all. */
async function* bareFetch(url: string): AsyncGenerator<string> {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...CHAT, stream: true }),
  })
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === 'data: [DONE]') continue
      const chunk = JSON.parse(line.slice('data: '.length)) as OpenAI.ChatCompletionChunk
      const text = chunk.choices[0]?.delta.content
      if (text) yield text
    }
  }
}

async function* withSdk(client: OpenAI): AsyncGenerator<string> {
  for await (const chunk of await client.chat.completions.create({ ...CHAT, stream: true })) {
    const text = chunk.choices[0]?.delta.content
    if (text) yield text
  }
}

const CHAT = {
  model: 'scripted',
  messages: [{ role: 'user' as const, content: QUESTION }],
}

async function latency(asks: ReadonlyMap<string, Ask>): Promise<void> {
  for (const [streams, rounds] of ROUNDS) {
    const runs = new Map([...asks.keys()].map((name) => [name, [] as number[][]]))
    for (let run = 0; run < RUNS; run += 1) {
      for (const [name, figures] of await runOnce(asks, streams, rounds)) {
        runs.get(name)?.push(figures)
      }
    }
    printLatency(streams, runs)
  }
}

/** One run, all of them in turn: p50 and p99 of the first token, then of each token's way. */
async function runOnce(
  asks: ReadonlyMap<string, Ask>,
  streams: number,
  rounds: number,
): Promise<[string, number[]][]> {
  const all = [...asks].map(([name, ask]) => ({ name, ask, into: { first: [], way: [] } }))
  for (let round = 0; round < rounds; round += 1) {
    for (const { ask, into } of all) {
      await Promise.all(Array.from({ length: streams }, async () => measure(ask, into)))
    }
  }
  return all.map(({ name, into }) => [
    name,
    [into.first, into.way].flatMap((each) => [median(each), quantile(each, 0.99)]),
  ])
}

function printLatency(streams: number, runs: ReadonlyMap<string, number[][]>): void {
  const figures = [...runs].map(([name, each]): [string, number[]] => [
    name,
    [0, 1, 2, 3].map((column) => median(each.map((run) => run[column] ?? Number.NaN))),
  ])
  const service = figures.at(-1)?.[1] ?? []
  const added = figures
    .slice(0, -1)
    .map(([name, values]): [string, number[]] => [
      `service − ${name}`,
      values.map((value, column) => (service[column] ?? Number.NaN) - value),
    ])
  printTable(
    `${streams} at once, milliseconds, medians of ${RUNS} runs (load ${loadavg()[0]?.toFixed(1) ?? '?'})`,
    [
      ['', 'first token p50', 'p99', 'each token p50', 'p99'],
      ...[...figures, ...added].map(([name, values]) => [name, ...values]),
    ],
  )
}

/** Opens streams that go on until `signal`; returns once each has had a token. */
async function hold(llm: BenchedLlm, count: number, signal: AbortSignal): Promise<void> {
  const open = async () => {
    const stream = llm.ask(QUESTION, signal)[Symbol.asyncIterator]()
    const { done } = await stream.next()
    if (done) throw new Error('a stream ended')
    const rest = async () => {
      while (!(await stream.next()).done);
    }
    // They all end when it is over.
    rest().catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open))
  }
}

async function capacity(llm: BenchedLlm): Promise<void> {
  const end = new AbortController()
  // One signal ends thousands of streams.
  setMaxListeners(0, end.signal)
  const idleMb = llm.residentMb()
  const rows: (string | number)[][] = [
    ['streams held', 'resident MB', 'KB per stream', 'opened in s'],
  ]
  let held = 0
  while (held < MOST_STREAMS && llm.residentMb() <= LIMIT_MB) {
    const startedAt = performance.now()
    await hold(llm, STEP, end.signal)
    held += STEP
    const seconds = (performance.now() - startedAt) / 1_000
    await setTimeout(SETTLE_MS)
    const mb = llm.residentMb()
    rows.push([String(held), mb, ((mb - idleMb) * 1024) / held, seconds])
  }
  end.abort()
  printTable(`Streams held at once, a token every 2 s each; idle ${idleMb.toFixed(0)} MB`, rows)
}

const worker = new Worker(new URL('./llm-provider.js', import.meta.url))
const [url] = (await once(worker, 'message')) as [string]
{
  await using llm = await startLlmProcess(url)
  const client = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 })
  const asks = new Map<string, Ask>([
    ['bare fetch', () => bareFetch(url)],
    ['openai SDK', () => withSdk(client)],
    ['llm service', () => llm.ask(QUESTION)],
  ])
  for (const ask of asks.values()) {
    const unused: Samples = { first: [], way: [] }
    await Promise.all(Array.from({ length: AT_ONCE }, async () => measure(ask, unused)))
  }
  await latency(asks)
  worker.postMessage('held')
  await capacity(llm)
}
await worker.terminate()
