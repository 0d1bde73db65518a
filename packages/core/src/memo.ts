export interface MemoOptions<V> {
  readonly ttlMs: number
  readonly load: (key: string) => Promise<V>
  /** Entries kept at most; the oldest go first. */
  readonly maxEntries?: number
}

interface Entry<V> {
  readonly value: Promise<V>
  readonly loadedAtMs: number
}

/**
 * Remembers for a moment what `load` found, and lets everyone who asks meanwhile share one load.
 * A failure is not remembered. A change made here calls `forget` or `clear`; a change made by
 * another process shows after `ttlMs`.
 */
export class Memo<V> {
  readonly #entries = new Map<string, Entry<V>>()

  constructor(private readonly options: MemoOptions<V>) {}

  async get(key: string): Promise<V> {
    const known = this.#entries.get(key)
    const nowMs = performance.now()
    if (known && nowMs - known.loadedAtMs < this.options.ttlMs) return known.value
    const entry = { value: this.options.load(key), loadedAtMs: nowMs }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#evict()
    entry.value.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    return entry.value
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  #evict(): void {
    const { maxEntries = 10_000 } = this.options
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries) return
      this.#entries.delete(key)
    }
  }
}
