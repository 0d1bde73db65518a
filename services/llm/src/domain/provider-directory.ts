import { AppError } from '@lexcustis/core'
import {
  type ChoiceStore,
  type KeySealer,
  type ProviderChoice,
  toProvider,
} from './provider-choice.js'
import type { Provider } from './provider.js'

export interface DirectoryDeps {
  readonly choices: Pick<ChoiceStore, 'get'>
  readonly sealer: KeySealer | undefined
  /** What answers for organisations that chose nothing. */
  readonly defaultProvider: () => Provider
}

export interface InForce {
  readonly choice: ProviderChoice | undefined
  readonly provider: Provider
}

/** Which provider answers for whom. */
export class ProviderDirectory {
  constructor(private readonly deps: DirectoryDeps) {}

  async inForce(organizationId: string): Promise<InForce> {
    const choice = await this.deps.choices.get(organizationId)
    return { choice, provider: this.resolve(organizationId, choice) }
  }

  resolve(organizationId: string, choice: ProviderChoice | undefined): Provider {
    if (!choice) return this.deps.defaultProvider()
    return toProvider(organizationId, choice, this.deps.sealer)
  }

  /**
   * The provider in force, if it is the one named. The caller has recorded where the data goes, so
   * when that has changed in between nothing may be sent: UNAVAILABLE.
   */
  async named(organizationId: string, kind: string, model: string): Promise<Provider> {
    const { provider } = await this.inForce(organizationId)
    if (provider.kind === kind && provider.models.includes(model)) return provider
    throw new AppError(
      'UNAVAILABLE',
      'another provider or model is in force now than the one asked for; ask again',
      { retryAfterMs: 0 },
    )
  }
}
