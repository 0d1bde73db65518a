/**
 * Resident memory of each service, idle and after 10 000 chats.
 *
 *   npm run bench:memory
 */
import { startScriptedProvider, startStack } from '@lexcustis/testing'
import { residentMb } from './service-process.js'
import { printTable } from './table.js'

const REQUESTS = Number(process.argv[2] ?? 10_000)
const AT_ONCE = 16
const SETTLE_MS = 3_000

const pause = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

await using provider = await startScriptedProvider({
  scenario: { tokens: ['one ', 'two ', 'three.'] },
})
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
const { url, api_key, services } = stack.ready
const measure = () => services.map(({ pid }) => residentMb(pid))

async function chat(): Promise<void> {
  const response = await fetch(`${url}/api/v1/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api_key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Say something.' }], stream: true }),
  })
  const text = await response.text()
  if (!text.includes('[DONE]'))
    throw new Error(`answered ${response.status}: ${text.slice(0, 300)}`)
}

async function run(count: number): Promise<void> {
  let left = count
  const worker = async () => {
    while (left-- > 0) await chat()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

await pause(SETTLE_MS)
const idle = measure()
await run(Math.floor(REQUESTS / 2))
await pause(SETTLE_MS)
const half = measure()
const startedAt = performance.now()
await run(Math.ceil(REQUESTS / 2))
const seconds = (performance.now() - startedAt) / 1000
await pause(SETTLE_MS)
const full = measure()

printTable(
  `Resident memory, MB (${REQUESTS} streamed chats, ${Math.round(REQUESTS / 2 / seconds)} per second)`,
  [
    ['service', 'idle', `after ${Math.floor(REQUESTS / 2)}`, `after ${REQUESTS}`],
    ...services.map(({ name }, n) => [name, idle[n] ?? 0, half[n] ?? 0, full[n] ?? 0]),
  ],
)
