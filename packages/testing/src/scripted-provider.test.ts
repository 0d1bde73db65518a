import { describe, expect, test, vi } from 'vitest'
import { type Scenario, type ScriptedProvider, startScriptedProvider } from './scripted-provider.js'

async function ask(
  { url }: ScriptedProvider,
  body: object = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'scripted', stream: true, ...body }),
    ...(signal ? { signal } : {}),
  })
}

async function play(scenario: Scenario, body: object = {}): Promise<string> {
  await using provider = await startScriptedProvider({ scenario })
  const response = await ask(provider, body)
  return await response.text()
}

const contents = (text: string) =>
  [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content)

describe('the scripted provider', () => {
  test('lists one model', async () => {
    await using provider = await startScriptedProvider()
    const response = await fetch(`${provider.url}/models`)
    expect(await response.json()).toMatchObject({ data: [{ id: 'scripted' }] })
  })

  test('streams its tokens, a finish reason and [DONE]', async () => {
    const text = await play({ tokens: ['a', 'b'] })
    expect(contents(text)).toEqual(['a', 'b'])
    expect(text).toContain('"finish_reason":"stop"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(text).not.toContain('usage')
  })

  test('counts when asked to, and not when it is told not to', async () => {
    const asked = { stream_options: { include_usage: true } }
    expect(await play({ tokens: ['a', 'b'] }, asked)).toContain('"completion_tokens":2')
    expect(await play({ tokens: ['a', 'b'], usage: null }, asked)).not.toContain('usage')
  })

  test('answers in one piece without stream', async () => {
    const body: unknown = JSON.parse(await play({ tokens: ['a', 'b'] }, { stream: false }))
    expect(body).toMatchObject({ choices: [{ message: { content: 'ab' } }] })
  })

  test('answers an error status with retry-after', async () => {
    await using provider = await startScriptedProvider({ scenario: { status: 429, retryAfter: 7 } })
    const response = await ask(provider)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
  })

  test('resets the connection after the tokens it promised', async () => {
    await using provider = await startScriptedProvider({
      scenario: { tokens: ['a', 'b', 'c'], resetAfter: 2 },
    })
    const response = await ask(provider)
    const decoder = new TextDecoder()
    let seen = ''
    const read = async () => {
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>)
        seen += decoder.decode(part)
    }
    await expect(read()).rejects.toThrow()
    expect(contents(seen)).toEqual(['a', 'b'])
    expect(provider.requests[0]?.aborted).toBe(false)
  })

  test('splits bytes anywhere without changing them', async () => {
    const tokens = ['Übung ', '日本語']
    expect(contents(await play({ tokens, chunkBytes: 1 }))).toEqual(tokens)
  })

  test('follows the scenario of the model asked for', async () => {
    await using provider = await startScriptedProvider({
      scenario: { tokens: ['any'] },
      scenarios: { special: { tokens: ['only here'] } },
    })
    expect(contents(await (await ask(provider, { model: 'special' })).text())).toEqual([
      'only here',
    ])
    expect(contents(await (await ask(provider)).text())).toEqual(['any'])
  })

  test('notices a client that leaves, while it waits and while it sends', async () => {
    await using provider = await startScriptedProvider()
    for (const scenario of [{ headerDelayMs: 60_000 }, { stallAfter: 1 }, { endless: true }]) {
      provider.setScenario(scenario)
      const abort = new AbortController()
      const count = provider.requests.length
      const asked = ask(provider, {}, abort.signal).catch(() => undefined)
      await vi.waitFor(() => expect(provider.requests).toHaveLength(count + 1))
      abort.abort()
      await asked
      await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
      expect(provider.requests.at(-1)?.finished).toBe(false)
    }
  })
})
