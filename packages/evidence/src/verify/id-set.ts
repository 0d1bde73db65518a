/** Ids that are remembered; above it, that ids are unique is not checked. */
export const MAX_IDS = 8_000_000

const WORDS = 4
const FIRST_SLOTS = 1 << 12

/**
 * A set of UUIDs in 16 bytes each, at most two thirds full: 32 MB for a million. Exact, so nothing is
 * called a duplicate that is none.
 */
export class IdSet {
  #slots = FIRST_SLOTS
  #words = new Uint32Array(FIRST_SLOTS * WORDS)
  #size = 0
  // Ids come from whom is being checked, who must not be able to choose ones that collide.
  readonly #seed = Math.floor(Math.random() * 2 ** 32)

  constructor(private readonly capacity = MAX_IDS) {}

  get isFull(): boolean {
    return this.#size >= this.capacity
  }

  /** False when the id is there already. Nothing is added once the set is full. */
  add(uuid: string): boolean {
    if (this.#size * 3 >= this.#slots * 2) this.#grow()
    const id = wordsOf(uuid)
    const at = this.#find(id)
    // The version of a UUID is never zero, so neither is the word it is in.
    if (this.#words[at + 1] !== 0) return false
    if (!this.isFull) {
      this.#words.set(id, at)
      this.#size += 1
    }
    return true
  }

  /** Where the id is, or the free slot where it belongs. */
  #find(id: ArrayLike<number>): number {
    let slot = this.#hash(id) & (this.#slots - 1)
    for (;;) {
      const at = slot * WORDS
      if (this.#words[at + 1] === 0 || this.#isAt(at, id)) return at
      slot = (slot + 1) & (this.#slots - 1)
    }
  }

  #isAt(at: number, id: ArrayLike<number>): boolean {
    const words = this.#words
    return (
      words[at] === id[0] &&
      words[at + 1] === id[1] &&
      words[at + 2] === id[2] &&
      words[at + 3] === id[3]
    )
  }

  #hash(id: ArrayLike<number>): number {
    let hash = this.#seed
    for (let index = 0; index < WORDS; index += 1) {
      hash = Math.imul(hash ^ (id[index] as number), 0x9e3779b1)
      hash ^= hash >>> 15
    }
    return hash
  }

  #grow(): void {
    const old = this.#words
    this.#slots *= 2
    this.#words = new Uint32Array(this.#slots * WORDS)
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 1] === 0) continue
      const id = old.subarray(at, at + WORDS)
      this.#words.set(id, this.#find(id))
    }
  }
}

function wordsOf(uuid: string): number[] {
  return [
    Number.parseInt(uuid.slice(0, 8), 16),
    Number.parseInt(uuid.slice(9, 13) + uuid.slice(14, 18), 16),
    Number.parseInt(uuid.slice(19, 23) + uuid.slice(24, 28), 16),
    Number.parseInt(uuid.slice(28), 16),
  ]
}
