import { EXTRACTIVE_PROVIDER, type Provider } from './provider.js'

export interface DefaultProviderOptions {
  /** Named in the configuration; then nothing else is looked for. */
  readonly configured: Provider | undefined
  /** Looks for a model on this machine; never throws. */
  readonly findLocal: () => Promise<Provider | undefined>
  readonly changed: (provider: Provider) => void
  readonly refreshMs?: number
}

const REFRESH_MS = 30_000

/**
 * What answers for organisations that chose nothing: the configured provider, else a model on this
 * machine for as long as one is there, else quotations.
 */
export class DefaultProvider implements Disposable {
  private timer: NodeJS.Timeout | undefined
  private provider: Provider

  private constructor(private readonly options: DefaultProviderOptions) {
    this.provider = options.configured ?? EXTRACTIVE_PROVIDER
  }

  static async open(options: DefaultProviderOptions): Promise<DefaultProvider> {
    const opened = new DefaultProvider(options)
    if (!options.configured) {
      await opened.refresh()
      opened.timer = setInterval(() => void opened.refresh(), options.refreshMs ?? REFRESH_MS)
      opened.timer.unref()
    }
    return opened
  }

  current(): Provider {
    return this.provider
  }

  private async refresh(): Promise<void> {
    const found = (await this.options.findLocal()) ?? EXTRACTIVE_PROVIDER
    const isSame = this.provider.kind === found.kind && this.provider.models.includes(found.model)
    // Ollama lists the model used last first: the default stays while it is there at all.
    const model =
      isSame && found.models.includes(this.provider.model) ? this.provider.model : found.model
    const hasChanged = this.provider.kind !== found.kind || this.provider.model !== model
    this.provider = { ...found, model }
    if (hasChanged) this.options.changed(this.provider)
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer)
  }
}
