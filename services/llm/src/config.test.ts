import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@lexcustis/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from './config.js'

let directory: string
let base: Record<string, string>

const file = (name: string, content: string): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'llm-config-'))
  base = {
    LEXCUSTIS_PROFILE: 'embedded',
    LLM_TLS_CA_FILE: file('ca', 'ca'),
    LLM_TLS_CERT_FILE: file('cert', 'cert'),
    LLM_TLS_KEY_FILE: file('key', 'key'),
    LLM_DATABASE_URL_FILE: file('url', 'postgres://host/db'),
    LLM_TENANT_KEYS_FILE: file('keys', '{"keys":[{"kty":"OKP"}]}'),
  }
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

function problemsOf(env: Record<string, string>): Record<string, string> {
  try {
    readConfig({ ...base, ...env })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.problems.map(({ name, problem }) => [name, problem]))
  }
  return {}
}

describe('the configuration', () => {
  test('names no provider by default, and has the documented numbers', () => {
    expect(readConfig(base)).toMatchObject({
      provider: undefined,
      grpcPort: 50_054,
      metricsPort: 9_054,
      limits: { firstTokenMs: 60_000, idleMs: 30_000, totalMs: 600_000, maxChars: 1_000_000 },
      connectTimeoutMs: 5_000,
      allowedPrivateHosts: [],
      isLoopbackAllowed: true,
      ollamaUrl: 'http://127.0.0.1:11434/v1',
    })
  })

  test('in production it wants a provider by name, and loopback is a private address', () => {
    const production = { ...base, LEXCUSTIS_PROFILE: 'production' }
    expect(problemsOf(production)).toHaveProperty('LLM_PROVIDER')
    const config = readConfig({ ...production, LLM_PROVIDER: 'extractive' })
    expect(config.isLoopbackAllowed).toBe(false)
  })

  test('knows address, region and model of mistral', () => {
    const key = file('mistral', 'a-key\n')
    const { provider } = readConfig({ ...base, LLM_PROVIDER: 'mistral', LLM_API_KEY_FILE: key })
    expect(provider).toEqual({
      kind: 'mistral',
      model: 'mistral-small-latest',
      models: ['mistral-small-latest'],
      region: 'eu',
      endpoint: { baseUrl: 'https://api.mistral.ai/v1', apiKey: 'a-key', isGuarded: false },
    })
  })

  test('takes any endpoint, also without saying that it is compatible', () => {
    const env = { ...base, LLM_BASE_URL: 'http://vllm:8000/v1', LLM_MODEL: 'm', LLM_REGION: 'eu' }
    const expected = { kind: 'openai-compatible', model: 'm', region: 'eu' }
    expect(readConfig(env).provider).toMatchObject(expected)
    expect(readConfig({ ...env, LLM_PROVIDER: 'openai-compatible' }).provider).toMatchObject(
      expected,
    )
  })

  test.each([
    ['127.0.0.1:5000', 'http://127.0.0.1:5000/v1'],
    ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
    ['http://gpu:80', 'http://gpu/v1'],
    ['::not a host::', 'http://127.0.0.1:11434/v1'],
  ])('reads OLLAMA_HOST=%s as %s', (host, url) => {
    expect(readConfig({ ...base, OLLAMA_HOST: host }).ollamaUrl).toBe(url)
  })

  test('names everything that is missing at once', () => {
    expect(problemsOf({ LLM_PROVIDER: 'openai-compatible' })).toEqual({
      LLM_MODEL: 'is not set',
      LLM_BASE_URL: 'is not set',
    })
    expect(problemsOf({ LLM_PROVIDER: 'openai' })).toEqual({
      LLM_MODEL: 'is not set',
      LLM_API_KEY_FILE: 'is not set',
    })
  })

  test('takes each limit of time and size by its name, and none that would be no limit', () => {
    const env = {
      LLM_CONNECT_TIMEOUT_MS: '1',
      LLM_FIRST_TOKEN_TIMEOUT_MS: '2',
      LLM_IDLE_TIMEOUT_MS: '3',
      LLM_TOTAL_TIMEOUT_MS: '4',
      LLM_ANSWER_MAX_CHARS: '5',
    }
    expect(readConfig({ ...base, ...env })).toMatchObject({
      connectTimeoutMs: 1,
      limits: { firstTokenMs: 2, idleMs: 3, totalMs: 4, maxChars: 5 },
    })
    const none = Object.fromEntries(Object.keys(env).map((name) => [name, '0']))
    expect(Object.keys(problemsOf(none)).sort()).toEqual(Object.keys(env).sort())
  })

  test('says where a price table is wrong, and nothing of what it holds', () => {
    const problemOf = (name: string, content: string) =>
      problemsOf({ LLM_PRICE_TABLE_FILE: file(name, content) })['LLM_PRICE_TABLE_FILE']
    const wrong = JSON.stringify({ prices: [{ kind: 'openai', currency: 'secret' }] })
    expect(problemOf('wrong-prices', wrong)).toMatch(/^is no price table: \/prices\/0\/\w+: /)
    expect(problemOf('wrong-prices', wrong)).not.toContain('secret')
    expect(problemOf('broken-prices', '{"secret')).toBe('is no price table: it is not JSON')
    const empty = readConfig({ ...base, LLM_PRICE_TABLE_FILE: file('prices', '{"prices":[]}') })
    expect(empty.prices?.prices).toEqual([])
    expect(readConfig(base).prices).toBeUndefined()
  })

  test('names a provider that cannot be used beside everything else that is wrong', () => {
    expect(problemsOf({ LLM_PROVIDER: 'oracle', LLM_GRPC_PORT: 'x', LLM_X: '1' })).toMatchObject({
      LLM_PROVIDER: expect.stringContaining('must be one of anthropic, azure-openai') as string,
      LLM_GRPC_PORT: 'is not a whole number',
      LLM_X: 'is not a setting of this service',
    })
  })

  test('takes anthropic with a model, a key and the size of its context', () => {
    const key = file('anthropic', 'a-key')
    const env = { ...base, LLM_PROVIDER: 'anthropic', LLM_MODEL: 'claude', LLM_API_KEY_FILE: key }
    expect(readConfig({ ...env, LLM_CONTEXT_TOKENS: '32000' }).provider).toEqual({
      kind: 'anthropic',
      model: 'claude',
      models: ['claude'],
      region: 'us',
      contextTokens: 32_000,
      endpoint: { baseUrl: 'https://api.anthropic.com', apiKey: 'a-key', isGuarded: false },
    })
    expect(problemsOf({ ...env, LLM_CONTEXT_TOKENS: '12' })).toHaveProperty('LLM_CONTEXT_TOKENS')
    expect(problemsOf({ ...env, LLM_API_VERSION: '2024-10-21' })).toEqual({
      LLM_API_VERSION: 'is set, but only azure-openai has versions',
    })
  })

  test('takes azure-openai at the address of a resource only, with a version that is new enough', () => {
    const env = {
      LLM_PROVIDER: 'azure-openai',
      LLM_MODEL: 'our-deployment',
      LLM_API_KEY_FILE: file('azure', 'a-key'),
      LLM_BASE_URL: 'https://our-resource.openai.azure.com',
    }
    expect(readConfig({ ...base, ...env }).provider?.endpoint).not.toHaveProperty('apiVersion')
    const dated = readConfig({ ...base, ...env, LLM_API_VERSION: '2025-01-01-preview' })
    expect(dated.provider?.endpoint?.apiVersion).toBe('2025-01-01-preview')
    for (const version of ['2024-02-01', 'v1', 'latest']) {
      expect(problemsOf({ ...env, LLM_API_VERSION: version })).toHaveProperty('LLM_API_VERSION')
    }
    for (const baseUrl of [
      'http://our-resource.openai.azure.com',
      'https://openai.azure.com.example.org',
      'https://our-resource.openai.azure.com:8443',
      'https://our-resource.openai.azure.com/openai/deployments/x',
    ]) {
      expect(problemsOf({ ...env, LLM_BASE_URL: baseUrl })).toEqual({
        LLM_BASE_URL: 'cannot be used',
      })
    }
  })

  test('refuses what it does not know', () => {
    expect(problemsOf({ LLM_PROVIDER: 'mistrall' })).toHaveProperty('LLM_PROVIDER')
    expect(problemsOf({ LLM_MODLE: 'x' })).toHaveProperty('LLM_MODLE')
    expect(problemsOf({ LLM_BASE_URL: 'ftp://x/v1', LLM_MODEL: 'm' })).toHaveProperty(
      'LLM_BASE_URL',
    )
  })

  test('refuses settings of a provider that is not named', () => {
    const problem = 'is set, but no provider is'
    expect(problemsOf({ LLM_MODEL: 'm', LLM_API_KEY_FILE: file('alone', 'k') })).toEqual({
      LLM_MODEL: problem,
      LLM_API_KEY_FILE: problem,
    })
  })

  test('takes a sealing key of 32 bytes only', () => {
    const good = file('seal', Buffer.alloc(32, 7).toString('base64'))
    expect(readConfig({ ...base, LLM_SEALING_KEY_FILE: good }).sealingKey).toHaveLength(32)
    const short = file('short', Buffer.alloc(16, 7).toString('base64'))
    expect(problemsOf({ LLM_SEALING_KEY_FILE: short })).toHaveProperty('LLM_SEALING_KEY_FILE')
  })
})
