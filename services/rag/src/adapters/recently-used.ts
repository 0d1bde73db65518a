/** Opens things once and keeps the last ones used. What failed to open is not kept. */
export class RecentlyUsed<T> {
  readonly #entries = new Map<string, Promise<T>>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string): Promise<T> | undefined {
    const entry = this.#entries.get(key)
    if (entry) {
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    return entry
  }

  /** What is kept under the key, or else what `open` opens; callers at the same time share it. */
  async keep(key: string, open: () => Promise<T>): Promise<T> {
    const known = this.get(key)
    if (known) return known
    const entry = open()
    this.#entries.set(key, entry)
    entry.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > this.#capacity && oldest !== undefined) this.#entries.delete(oldest)
    return entry
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}
