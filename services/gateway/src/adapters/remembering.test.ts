import { describe, expect, test, vi } from 'vitest'
import type { ApiKeyStore, OrganizationStore } from '../domain/identity/ports.js'
import { rememberApiKeys, rememberOrganizations } from './remembering.js'

const organization = { id: 'o', slug: 's', name: 'n', pausedAt: undefined }
const record = async () => undefined

describe('what is remembered for a second', () => {
  test('an organisation paused here is paused at once', async () => {
    const get = vi.fn(async () => organization)
    const store = { get, setPaused: async () => true } as unknown as OrganizationStore
    const remembering = rememberOrganizations(store)
    await Promise.all([remembering.get('o'), remembering.get('o')])
    expect(get).toHaveBeenCalledTimes(1)
    await remembering.setPaused('o', true, record)
    await remembering.get('o')
    expect(get).toHaveBeenCalledTimes(2)
  })

  test('a key revoked here is revoked at once, also when recording it failed', async () => {
    const find = vi.fn(async () => undefined)
    const revoke = vi.fn().mockResolvedValueOnce(true).mockRejectedValueOnce(new Error('no record'))
    const remembering = rememberApiKeys({ find, revoke } as unknown as ApiKeyStore)
    await remembering.find('lc_a')
    await remembering.find('lc_a')
    expect(find).toHaveBeenCalledTimes(1)
    await remembering.revoke('o', 'k', record)
    await remembering.find('lc_a')
    await expect(remembering.revoke('o', 'k', record)).rejects.toThrow('no record')
    await remembering.find('lc_a')
    expect(find).toHaveBeenCalledTimes(3)
  })
})
