import { describe, expect, test, vi } from 'vitest'
import type { ProviderChoice } from './provider-choice.js'
import { ProviderDirectory } from './provider-directory.js'
import { NOTHING_SAID, type ProviderSettings, type SettingsStore } from './provider-settings.js'
import { EXTRACTIVE_PROVIDER, type Provider } from './provider.js'

const ORG = '018f0000-0000-7000-8000-000000000001'
const OTHER = '018f0000-0000-7000-8000-000000000002'
const choice: ProviderChoice = {
  kind: 'openai-compatible',
  model: 'm',
  baseUrl: 'https://api.example.com/v1',
  region: 'eu',
  sealedKey: undefined,
}

const settings: ProviderSettings = { ...NOTHING_SAID, choice }

function directoryOf(rows = new Map<string, ProviderSettings>(), standard = EXTRACTIVE_PROVIDER) {
  const store = {
    get: vi.fn(async (id: string) => Promise.resolve(rows.get(id) ?? NOTHING_SAID)),
    set: async (id: string, next: ProviderSettings) => {
      rows.set(id, next)
      return Promise.resolve()
    },
  } satisfies SettingsStore
  const deps = { settings: store, sealer: undefined, defaultProvider: () => standard }
  return { directory: new ProviderDirectory(deps), store, rows }
}

describe('the directory', () => {
  test('reads a choice once for the two questions of a chat', async () => {
    const { directory, store } = directoryOf(new Map([[ORG, settings]]))
    const { provider } = await directory.inForce(ORG)
    const route = await directory.named(ORG, provider.kind, provider.model)
    expect(route.providers).toMatchObject([
      { endpoint: { baseUrl: choice.baseUrl, isGuarded: true } },
    ])
    expect(store.get).toHaveBeenCalledTimes(1)
    expect((await directory.inForce(OTHER)).settings.choice).toBeUndefined()
  })

  test('puts a change in force at once', async () => {
    const { directory } = directoryOf()
    expect((await directory.inForce(ORG)).provider.kind).toBe('extractive')
    await directory.change(ORG, settings, 'admin')
    expect((await directory.inForce(ORG)).provider.kind).toBe('openai-compatible')
    await directory.change(ORG, NOTHING_SAID, 'admin')
    expect((await directory.inForce(ORG)).settings.choice).toBeUndefined()
  })

  test('does not let a slow read undo a change that came in meanwhile', async () => {
    const { directory, store } = directoryOf()
    let answer: (found: ProviderSettings) => void = () => undefined
    store.get.mockImplementationOnce(async () => new Promise((resolve) => (answer = resolve)))
    const slow = directory.inForce(ORG)
    await directory.change(ORG, settings, 'admin')
    answer(NOTHING_SAID)
    await slow
    expect((await directory.inForce(ORG)).settings.choice).toBe(choice)
  })

  test('notices what another replica changed', async () => {
    vi.useFakeTimers()
    try {
      const { directory, rows } = directoryOf()
      await directory.inForce(ORG)
      rows.set(ORG, settings)
      vi.advanceTimersByTime(1_001)
      expect((await directory.inForce(ORG)).settings.choice).toBe(choice)
    } finally {
      vi.useRealTimers()
    }
  })

  test('has the fallbacks after the one in force, each with a model of its own', async () => {
    const fallback: ProviderChoice = { ...choice, model: 'other', region: 'de' }
    const { directory } = directoryOf(new Map([[ORG, { ...settings, fallbacks: [fallback] }]]))
    const { providers } = await directory.open(ORG)
    expect(providers.map(({ model }) => model)).toEqual(['m', 'other'])
  })

  test('opens no way to a region that is not allowed, be it of a default that changed', async () => {
    const abroad: Provider = { ...EXTRACTIVE_PROVIDER, region: 'us' }
    const eu = { ...NOTHING_SAID, allowedRegions: ['eu'] }
    const { directory } = directoryOf(new Map([[ORG, eu]]), abroad)
    await expect(directory.open(ORG)).rejects.toMatchObject({ reason: 'FORBIDDEN' })
    await expect(directory.open(OTHER)).resolves.toMatchObject({ providers: [abroad] })
    expect((await directory.inForce(ORG)).provider.region).toBe('us')
  })

  test('asks others when the key of a fallback cannot be opened', async () => {
    const closed: ProviderChoice = { ...choice, model: 'closed', sealedKey: Buffer.from('x') }
    const { directory } = directoryOf(new Map([[ORG, { ...settings, fallbacks: [closed] }]]))
    expect((await directory.open(ORG)).providers).toHaveLength(1)
  })
})
