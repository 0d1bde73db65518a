import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { findOllama } from './ollama-probe.js'

async function probe(status: number, body: string) {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const found = await findOllama(`http://127.0.0.1:${port}/v1`)
  server.closeAllConnections()
  server.close()
  return found
}

const listOf = (...ids: string[]) => JSON.stringify({ data: ids.map((id) => ({ id })) })

describe('a local Ollama', () => {
  test('answers with its first model that chats', async () => {
    const found = await probe(200, listOf('nomic-embed-text:latest', 'llama3.2:3b', 'qwen3:4b'))
    expect(found).toMatchObject({
      kind: 'ollama',
      model: 'llama3.2:3b',
      models: ['llama3.2:3b', 'qwen3:4b'],
      region: 'local',
    })
  })

  test.each([
    [200, listOf()],
    [200, listOf('bge-m3')],
    [200, 'not JSON'],
    [200, '{}'],
    [500, listOf('llama3.2')],
  ])('is not there when %d %s comes', async (status, body) => {
    expect(await probe(status, body)).toBeUndefined()
  })
})
