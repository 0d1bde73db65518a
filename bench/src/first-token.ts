/**
 * How much later the first token arrives through the gateway than straight from the same provider,
 * with all checks and both audit records on. Both are measured in turn, in one run.
 *
 *   npm run bench:first-token
 */
import { startScriptedProvider, startStack } from '@lexcustis/testing'
import { median, printTable, quantile } from './table.js'

const ROUNDS = 8
const STREAMS = [1, 50]
const WARM_UP = 30
const QUESTION = 'What does the policy say about booking a flight, and who approves it? '.repeat(4)

type Ask = () => Promise<number>

/** Milliseconds until the first event that carries text; reads the stream to its end. */
async function firstToken(
  url: string,
  headers: Record<string, string>,
  body: object,
): Promise<number> {
  const startedAt = performance.now()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!response.ok || !response.body)
    throw new Error(`answered ${response.status}: ${await response.text()}`)
  const decoder = new TextDecoder()
  let seen = ''
  let firstMs: number | undefined
  for await (const chunk of response.body) {
    if (firstMs !== undefined) continue
    seen += decoder.decode(chunk as Uint8Array, { stream: true })
    if (seen.includes('first')) firstMs = performance.now() - startedAt
  }
  if (firstMs === undefined) throw new Error('the answer had no text')
  return firstMs
}

async function together(ask: Ask, streams: number): Promise<number[]> {
  return Promise.all(Array.from({ length: streams }, async () => ask()))
}

const tokens = ['first ', ...Array.from({ length: 20 }, (_, n) => `token${n} `)]
await using provider = await startScriptedProvider({ scenario: { tokens, tokenDelayMs: 5 } })
await using stack = await startStack({
  env: {
    LLM_PROVIDER: 'openai-compatible',
    LLM_BASE_URL: provider.url,
    LLM_MODEL: 'scripted',
    GATEWAY_ORG_DAILY_CHAT_CAP: '1000000',
    GATEWAY_USER_REQUESTS_PER_MINUTE: '1000000',
    GATEWAY_IP_REQUESTS_PER_MINUTE: '1000000',
  },
})
const { url, api_key } = stack.ready
const messages = [{ role: 'user', content: QUESTION }]
const direct: Ask = async () =>
  firstToken(`${provider.url}/chat/completions`, {}, { model: 'scripted', messages, stream: true })
const openai: Ask = async () =>
  firstToken(
    `${url}/v1/chat/completions`,
    { authorization: `Bearer ${api_key}` },
    { model: 'scripted', messages, stream: true },
  )
const native: Ask = async () =>
  firstToken(
    `${url}/api/v1/chat`,
    { authorization: `Bearer ${api_key}` },
    { messages, stream: true },
  )

for (const ask of [direct, openai, native]) await together(ask, WARM_UP)

const rows: (string | number)[][] = [
  ['', 'direct p50', 'p99', '/v1 p50', 'p99', '/api/v1/chat p50', 'p99', 'added /v1 p50', 'p99'],
]
for (const streams of STREAMS) {
  const rounds = streams === 1 ? ROUNDS * 10 : ROUNDS
  const samples: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    samples[0].push(...(await together(direct, streams)))
    samples[1].push(...(await together(openai, streams)))
    samples[2].push(...(await together(native, streams)))
  }
  const figures = samples.flatMap((values) => [median(values), quantile(values, 0.99)])
  const [d50 = 0, d99 = 0, o50 = 0, o99 = 0] = figures
  rows.push([`${streams} streams`, ...figures, o50 - d50, o99 - d99])
}
printTable('First token, milliseconds (client, provider and all services share this machine)', rows)
