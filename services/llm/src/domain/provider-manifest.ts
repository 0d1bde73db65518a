/** One model used by an organisation. */
export interface ProviderUse {
  readonly provider: string
  readonly model: string
  /** Model as the provider named it; empty when it did not. */
  readonly modelSnapshot: string
  readonly region: string
}

export interface ManifestEntry extends ProviderUse {
  readonly firstUsedAt: Date
  readonly lastUsedAt: Date
}

/** What the vendor publishes about a model (AI Act, Art. 53(1)(b)); empty where nothing is known. */
export interface VendorPages {
  readonly termsUrl: string
  readonly documentationUrl: string
}

export type PagesOf = (use: Pick<ProviderUse, 'provider' | 'model'>) => VendorPages

export interface ManifestStore {
  record(organizationId: string, use: ProviderUse): Promise<void>
  list(organizationId: string): Promise<ManifestEntry[]>
}

/** The last use is known to this precision; a busy organisation costs one write a minute. */
const WRITE_INTERVAL_MS = 60_000
const MAX_REMEMBERED = 10_000

/** Keeps the manifest without making anybody wait for it. */
export class UseRecorder implements AsyncDisposable {
  private readonly writtenAt = new Map<string, number>()
  private readonly writing = new Set<Promise<void>>()

  constructor(
    private readonly store: Pick<ManifestStore, 'record'>,
    private readonly failed: (error: unknown) => void,
  ) {}

  record(organizationId: string, use: ProviderUse): void {
    const key = JSON.stringify([organizationId, use])
    const now = performance.now()
    const last = this.writtenAt.get(key)
    if (last !== undefined && now - last < WRITE_INTERVAL_MS) return
    if (this.writtenAt.size >= MAX_REMEMBERED) this.writtenAt.clear()
    this.writtenAt.set(key, now)
    const write = this.store
      .record(organizationId, use)
      .catch((error: unknown) => {
        this.writtenAt.delete(key)
        this.failed(error)
      })
      .finally(() => this.writing.delete(write))
    this.writing.add(write)
  }

  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.writing)
  }
}
