import { describe, expect, test, vi } from 'vitest'
import type { ChoiceStore, ProviderChoice } from './provider-choice.js'
import { ProviderDirectory } from './provider-directory.js'
import { EXTRACTIVE_PROVIDER } from './provider.js'

const ORG = '018f0000-0000-7000-8000-000000000001'
const OTHER = '018f0000-0000-7000-8000-000000000002'
const choice: ProviderChoice = {
  kind: 'openai-compatible',
  model: 'm',
  baseUrl: 'https://api.example.com/v1',
  region: 'eu',
  sealedKey: undefined,
}

function directoryOf(rows = new Map<string, ProviderChoice>()) {
  const choices = {
    get: vi.fn(async (id: string) => Promise.resolve(rows.get(id))),
    set: async (id: string, next: ProviderChoice) => {
      rows.set(id, next)
      return Promise.resolve()
    },
    clear: async (id: string) => {
      rows.delete(id)
      return Promise.resolve()
    },
  } satisfies ChoiceStore
  const deps = { choices, sealer: undefined, defaultProvider: () => EXTRACTIVE_PROVIDER }
  return { directory: new ProviderDirectory(deps), choices, rows }
}

describe('the directory', () => {
  test('reads a choice once for the two questions of a chat', async () => {
    const { directory, choices } = directoryOf(new Map([[ORG, choice]]))
    const { provider } = await directory.inForce(ORG)
    expect(await directory.named(ORG, provider.kind, provider.model)).toMatchObject({
      endpoint: { baseUrl: choice.baseUrl, isGuarded: true },
    })
    expect(choices.get).toHaveBeenCalledTimes(1)
    expect((await directory.inForce(OTHER)).choice).toBeUndefined()
  })

  test('puts a change in force at once', async () => {
    const { directory } = directoryOf()
    expect((await directory.inForce(ORG)).provider.kind).toBe('extractive')
    await directory.change(ORG, choice, 'admin')
    expect((await directory.inForce(ORG)).provider.kind).toBe('openai-compatible')
    await directory.change(ORG, undefined, 'admin')
    expect((await directory.inForce(ORG)).choice).toBeUndefined()
  })

  test('does not let a slow read undo a change that came in meanwhile', async () => {
    const { directory, choices } = directoryOf()
    let answer: (found: undefined) => void = () => undefined
    choices.get.mockImplementationOnce(async () => new Promise((resolve) => (answer = resolve)))
    const slow = directory.inForce(ORG)
    await directory.change(ORG, choice, 'admin')
    answer(undefined)
    await slow
    expect((await directory.inForce(ORG)).choice).toBe(choice)
  })

  test('notices what another replica changed', async () => {
    vi.useFakeTimers()
    try {
      const { directory, rows } = directoryOf()
      await directory.inForce(ORG)
      rows.set(ORG, choice)
      vi.advanceTimersByTime(1_001)
      expect((await directory.inForce(ORG)).choice).toBe(choice)
    } finally {
      vi.useRealTimers()
    }
  })
})
