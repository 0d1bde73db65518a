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
/** A machine that is busy answering may miss one look. */
const MISSES_ALLOWED = 1

/**
 * What answers for organisations that chose nothing: the configured provider, else a model on this
 * machine for as long as one is there, else quotations.
 */
export class DefaultProvider implements Disposable {
  private timer: NodeJS.Timeout | undefined
  private provider: Provider
  private misses = 0

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
    const found = await this.options.findLocal()
    this.misses = found ? 0 : this.misses + 1
    if (found) this.use(found)
    else if (this.misses > MISSES_ALLOWED) this.use(EXTRACTIVE_PROVIDER)
  }

  private use(found: Provider): void {
    const { kind, model: before } = this.provider
    // Ollama lists the model used last first: the default stays while it is there at all.
    const model = kind === found.kind && found.models.includes(before) ? before : found.model
    this.provider = { ...found, model }
    if (kind !== found.kind || model !== before) this.options.changed(this.provider)
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer)
  }
}
