import { AppError } from '@lexcustis/core'
import {
  type ChoiceStore,
  describeChoice,
  type KeySealer,
  type ProviderChoice,
  toProvider,
} from './provider-choice.js'
import type { Provider, ProviderDescription } from './provider.js'

export interface DirectoryDeps {
  readonly choices: ChoiceStore
  readonly sealer: KeySealer | undefined
  /** What answers for organisations that chose nothing. */
  readonly defaultProvider: () => Provider
}

export interface InForce {
  readonly choice: ProviderChoice | undefined
  readonly provider: ProviderDescription
}

interface Known {
  readonly choice: ProviderChoice | undefined
  readonly readAt: number
}

/** How long a change made through another replica may go unnoticed. */
const KNOWN_MS = 1_000
const MAX_KNOWN = 10_000

/** Which provider answers for whom. Each chat asks twice, so a choice is remembered for a second. */
export class ProviderDirectory {
  private readonly known = new Map<string, Known>()

  constructor(private readonly deps: DirectoryDeps) {}

  /** For everybody to see. A key that cannot be opened does not matter here. */
  async inForce(organizationId: string): Promise<InForce> {
    const choice = await this.choiceOf(organizationId)
    return { choice, provider: this.describe(choice) }
  }

  /** For use. Throws UNAVAILABLE when the stored key cannot be opened. */
  async open(organizationId: string): Promise<Provider> {
    const choice = await this.choiceOf(organizationId)
    if (!choice) return this.deps.defaultProvider()
    return toProvider(organizationId, choice, this.deps.sealer)
  }

  /**
   * The provider in force, if it is the one named. The caller has recorded where the data goes, so
   * when that has changed in between nothing may be sent: UNAVAILABLE.
   */
  async named(organizationId: string, kind: string, model: string): Promise<Provider> {
    const provider = await this.open(organizationId)
    if (provider.kind === kind && provider.models.includes(model)) return provider
    throw new AppError(
      'UNAVAILABLE',
      'another provider or model is in force now than the one asked for; ask again',
      { retryAfterMs: 0 },
    )
  }

  /** Puts a new choice in force; without one the default is. */
  async change(
    organizationId: string,
    choice: ProviderChoice | undefined,
    changedBy: string,
  ): Promise<ProviderDescription> {
    if (choice) await this.deps.choices.set(organizationId, choice, changedBy)
    else await this.deps.choices.clear(organizationId)
    this.remember(organizationId, choice)
    return this.describe(choice)
  }

  private describe(choice: ProviderChoice | undefined): ProviderDescription {
    return choice ? describeChoice(choice) : this.deps.defaultProvider()
  }

  private async choiceOf(organizationId: string): Promise<ProviderChoice | undefined> {
    const known = this.known.get(organizationId)
    if (known && performance.now() - known.readAt < KNOWN_MS) return known.choice
    const choice = await this.deps.choices.get(organizationId)
    // A change that came in while this was being read is newer than what was read.
    if (this.known.get(organizationId) === known) this.remember(organizationId, choice)
    return choice
  }

  private remember(organizationId: string, choice: ProviderChoice | undefined): void {
    if (this.known.size >= MAX_KNOWN) this.known.clear()
    this.known.set(organizationId, { choice, readAt: performance.now() })
  }
}
