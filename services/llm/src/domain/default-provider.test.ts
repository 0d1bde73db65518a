import { describe, expect, test, vi } from 'vitest'
import { DefaultProvider } from './default-provider.js'
import type { Provider } from './provider.js'

const ollama = (...models: string[]): Provider => ({
  kind: 'ollama',
  model: models[0] ?? '',
  models,
  region: 'local',
})

describe('the default provider', () => {
  test('is the configured one, and nothing is looked for', async () => {
    const findLocal = vi.fn(async () => Promise.resolve(ollama('m')))
    const configured = { ...ollama('x'), kind: 'mistral' as const }
    using provider = await DefaultProvider.open({ configured, findLocal, changed: vi.fn() })
    expect(provider.current()).toBe(configured)
    expect(findLocal).not.toHaveBeenCalled()
  })

  test('is a local model while there is one, else quotations', async () => {
    let found: Provider | undefined
    const changes: string[] = []
    using provider = await DefaultProvider.open({
      configured: undefined,
      findLocal: async () => Promise.resolve(found),
      changed: ({ kind, model }) => changes.push(`${kind} ${model}`),
      refreshMs: 5,
    })
    expect(provider.current().kind).toBe('extractive')
    expect(changes).toEqual([])

    found = ollama('llama', 'qwen')
    await vi.waitFor(() => expect(provider.current().model).toBe('llama'))
    // Ollama lists the model used last first, and new ones; the default must not follow that.
    found = ollama('mistral', 'qwen', 'llama')
    await vi.waitFor(() => expect(provider.current().models[0]).toBe('mistral'))
    expect(provider.current().model).toBe('llama')

    found = undefined
    await vi.waitFor(() => expect(provider.current().kind).toBe('extractive'))
    expect(changes).toEqual(['ollama llama', 'extractive extractive'])
  })

  test('stays when the local model misses one look', async () => {
    const looks = [ollama('llama'), undefined, ollama('llama'), undefined, ollama('qwen')]
    const changed = vi.fn<(provider: Provider) => void>()
    using provider = await DefaultProvider.open({
      configured: undefined,
      findLocal: async () => Promise.resolve(looks.length > 1 ? looks.shift() : looks[0]),
      changed,
      refreshMs: 1,
    })
    await vi.waitFor(() => expect(provider.current().model).toBe('qwen'))
    expect(changed.mock.calls.map(([{ model }]) => model)).toEqual(['llama', 'qwen'])
  })
})
