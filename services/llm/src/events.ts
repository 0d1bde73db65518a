import type { AppError } from '@lexcustis/core'
import { Counter, Gauge, Histogram, type Logger, type Metrics } from '@lexcustis/runtime'
import type { CompletionReport } from './handlers/chat-service.js'
import type { Provider } from './domain/provider.js'
import type { Rewrapped } from './domain/rewrap-keys.js'

/** What the llm service says about itself; never anything a person or a model wrote. */
export interface Events {
  readonly started: (port: number, provider: Provider) => void
  readonly defaultProviderChanged: (provider: Provider) => void
  readonly providerChosen: (organizationId: string, kind: string) => void
  readonly callFailed: (rpc: string, caller: string, error: AppError | undefined) => void
  /** One organisation's provider is not asked for a while, or is asked again. */
  readonly providerBroke: (kind: string, isOpen: boolean) => void
  readonly fellBack: (from: string, to: string) => void
  /** Stored API keys were brought under the current sealing key. */
  readonly keysRewrapped: (found: Rewrapped) => void
  readonly keysNotRewrapped: (error: unknown) => void
  readonly useNotRecorded: (error: unknown) => void
  readonly completed: (report: CompletionReport) => void
}

const FIRST_TOKEN_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function createEvents(log: Logger, { registry }: Metrics): Events {
  const firstToken = new Histogram({
    name: 'lexcustis_llm_first_token_seconds',
    help: 'Time from the request to the first text, by kind of provider',
    labelNames: ['provider'] as const,
    buckets: FIRST_TOKEN_SECONDS,
    registers: [registry],
  })
  const completions = new Counter({
    name: 'lexcustis_llm_completions_total',
    help: 'Completions by kind of provider and how they ended (OK or a reason)',
    labelNames: ['provider', 'end'] as const,
    registers: [registry],
  })
  const breaks = new Counter({
    name: 'lexcustis_llm_circuit_opened_total',
    help: 'Times that a provider failed so often in a row that it was left alone, by kind',
    labelNames: ['provider'] as const,
    registers: [registry],
  })
  const fallbacks = new Counter({
    name: 'lexcustis_llm_fallbacks_total',
    help: 'Times that another provider was asked because the one before could not answer, by kind',
    labelNames: ['from', 'to'] as const,
    registers: [registry],
  })
  const lostKeys = new Gauge({
    name: 'lexcustis_llm_sealed_keys_lost',
    help: 'Stored API keys that no configured sealing key opens, as found at start',
    registers: [registry],
  })
  return {
    started: (port, { kind, model }) => log.info({ port, provider: kind, model }, 'listening'),
    defaultProviderChanged: ({ kind, model }) =>
      log.info({ provider: kind, model }, 'default provider changed'),
    providerChosen: (organizationId, kind) =>
      log.info({ organization_id: organizationId, provider: kind }, 'provider chosen'),
    callFailed: (rpc, caller, error) =>
      log.error({ rpc, caller, reason: error?.reason, error: error?.cause }, 'call failed'),
    providerBroke: (kind, isOpen) => {
      if (isOpen) breaks.inc({ provider: kind })
      log.warn({ provider: kind, state: isOpen ? 'open' : 'closed' }, 'provider circuit changed')
    },
    fellBack: (from, to) => {
      fallbacks.inc({ from, to })
      log.warn({ from, to }, 'another provider is asked')
    },
    keysRewrapped: ({ rewrapped, lost }) => {
      lostKeys.set(lost)
      log.info({ count: rewrapped }, 'API keys brought under the sealing key')
      if (lost > 0) log.error({ count: lost }, 'API keys that no configured sealing key opens')
    },
    keysNotRewrapped: (error) => log.warn({ error }, 'API keys not looked through'),
    useNotRecorded: (error) => log.warn({ error }, 'provider use not recorded'),
    completed: ({ kind, end, firstTokenMs }) => {
      completions.inc({ provider: kind, end })
      if (firstTokenMs !== undefined) firstToken.observe({ provider: kind }, firstTokenMs / 1000)
    },
  }
}
