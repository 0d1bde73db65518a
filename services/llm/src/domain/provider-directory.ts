import { AppError } from '@lexcustis/core'
import {
  describeChoice,
  type KeySealer,
  type ProviderChoice,
  toProvider,
} from './provider-choice.js'
import type { ProviderSettings, SettingsStore } from './provider-settings.js'
import type { Provider, ProviderDescription } from './provider.js'
import { isRegionAllowed } from './regions.js'

export interface DirectoryDeps {
  readonly settings: SettingsStore
  readonly sealer: KeySealer | undefined
  /** What answers for organisations that chose nothing. */
  readonly defaultProvider: () => Provider
}

export interface InForce {
  readonly settings: ProviderSettings
  readonly provider: ProviderDescription
}

/** Who answers, ready for use. */
export interface Route {
  /** The one in force, then whoever is asked when it cannot answer. */
  readonly providers: readonly [Provider, ...Provider[]]
  readonly settings: ProviderSettings
}

interface Known {
  readonly settings: ProviderSettings
  readonly readAt: number
}

/** How long a change made through another replica may go unnoticed. */
const KNOWN_MS = 1_000
const MAX_KNOWN = 10_000

/** Which provider answers for whom. Each chat asks twice, so settings are remembered for a second. */
export class ProviderDirectory {
  private readonly known = new Map<string, Known>()

  constructor(private readonly deps: DirectoryDeps) {}

  /** For everybody to see. A key that cannot be opened does not matter here. */
  async inForce(organizationId: string): Promise<InForce> {
    const settings = await this.settingsOf(organizationId)
    return { settings, provider: this.describe(settings) }
  }

  /**
   * For use. Throws UNAVAILABLE when the stored key cannot be opened, FORBIDDEN when the data would go
   * to a region that the organisation does not allow.
   */
  async open(organizationId: string): Promise<Route> {
    const settings = await this.settingsOf(organizationId)
    const { choice, fallbacks, allowedRegions } = settings
    const first = choice
      ? toProvider(organizationId, choice, this.deps.sealer)
      : this.deps.defaultProvider()
    // The default of the deployment can change after an organisation said where its data may go.
    if (!isRegionAllowed(first.region, allowedRegions)) throw elsewhere(first.region)
    const others = fallbacks
      .filter(({ region }) => isRegionAllowed(region, allowedRegions))
      .flatMap((fallback) => this.openable(organizationId, fallback) ?? [])
    return { providers: [first, ...others], settings }
  }

  /**
   * The provider in force, if it is the one named. The caller has recorded where the data goes, so
   * when that has changed in between nothing may be sent: UNAVAILABLE.
   */
  async named(organizationId: string, kind: string, model: string): Promise<Route> {
    const route = await this.open(organizationId)
    const [provider] = route.providers
    if (provider.kind === kind && provider.models.includes(model)) return route
    throw new AppError(
      'UNAVAILABLE',
      'another provider or model is in force now than the one asked for; ask again',
      { retryAfterMs: 0 },
    )
  }

  /** As stored, without what is remembered. */
  async read(organizationId: string): Promise<ProviderSettings> {
    return this.deps.settings.get(organizationId)
  }

  /** Puts new settings in force. */
  async change(
    organizationId: string,
    settings: ProviderSettings,
    changedBy: string,
  ): Promise<InForce> {
    await this.deps.settings.set(organizationId, settings, changedBy)
    this.remember(organizationId, settings)
    return { settings, provider: this.describe(settings) }
  }

  /** The choice ready for use, or undefined when its key cannot be opened: then others are asked. */
  private openable(organizationId: string, choice: ProviderChoice): Provider | undefined {
    try {
      return toProvider(organizationId, choice, this.deps.sealer)
    } catch {
      return undefined
    }
  }

  private describe({ choice }: ProviderSettings): ProviderDescription {
    return choice ? describeChoice(choice) : this.deps.defaultProvider()
  }

  private async settingsOf(organizationId: string): Promise<ProviderSettings> {
    const known = this.known.get(organizationId)
    if (known && performance.now() - known.readAt < KNOWN_MS) return known.settings
    const settings = await this.deps.settings.get(organizationId)
    // A change that came in while this was being read is newer than what was read.
    if (this.known.get(organizationId) === known) this.remember(organizationId, settings)
    return settings
  }

  private remember(organizationId: string, settings: ProviderSettings): void {
    if (this.known.size >= MAX_KNOWN) this.known.clear()
    this.known.set(organizationId, { settings, readAt: performance.now() })
  }
}

function elsewhere(region: string): AppError {
  return new AppError(
    'FORBIDDEN',
    `the provider in force is in the region ${region}, to which this organisation lets no data go`,
  )
}
