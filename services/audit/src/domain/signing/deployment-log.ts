import {
  CompactRange,
  equalBytes,
  EvidenceError,
  formatCheckpoint,
  leafHash,
  readCheckpoint,
  signNote,
} from '@lexcustis/evidence'
import { type Clock, formatMicros } from '@lexcustis/core'
import type { CheckpointStore } from '../checkpoint-store.js'
import type { SigningKeys } from '../signing-keys.js'
import type { Divergence } from './divergence.js'
import { keepCheckpoint } from './keep-checkpoint.js'
import { signersFor } from './log-keys.js'

/** Something the deployment says about itself, besides the checkpoints of its organisations. */
export type DeploymentEvent =
  | { readonly event: 'key.announced' | 'key.retired'; readonly public_key: string }
  | {
      readonly event: 'log.diverged'
      readonly organization: string
      readonly code: Divergence['code']
      readonly incarnation: string
      readonly signed_size: string
      readonly stored_size: string
    }
  | {
      readonly event: 'log.restarted'
      readonly organization: string
      readonly incarnation: string
      readonly predecessor: string
    }

/** A public key of the deployment, for whoever verifies without an account. */
export interface DeploymentKey {
  /** Base64, 32 bytes. */
  readonly publicKey: string
  readonly announcedAt: string
  readonly retiredAt: string | undefined
}

export interface DeploymentLog {
  /** Reads what is there, checks it against its newest checkpoint, and announces the keys in use. */
  open(): Promise<void>
  record(event: DeploymentEvent): Promise<void>
  /** Adds checkpoints, one a day (UTC) of each log, and signs. */
  add(checkpoints: readonly string[]): Promise<void>
  keys(): readonly DeploymentKey[]
}

export interface DeploymentLogDeps {
  readonly store: Pick<CheckpointStore, 'newest' | 'claim' | 'put' | 'putEntry' | 'entries'>
  readonly keys: SigningKeys
  readonly origin: string
  readonly clock: Clock
  /** Told of every new checkpoint of this log, once it is durable. */
  readonly onSigned?: (size: bigint) => void
}

/** Replicas that sign at once; whoever loses tries again at the next event. */
const MAX_ATTEMPTS = 5

/**
 * The log of the whole deployment, `<origin>/deployment`: its leaves are the checkpoints of every
 * organisation and what happened to them, so that an organisation that is gone leaves a trace
 * (SPEC.md, section 4). It lives in the checkpoint store alone.
 */
export function createDeploymentLog(deps: DeploymentLogDeps): DeploymentLog {
  return new Deployment(deps)
}

class Deployment implements DeploymentLog {
  #range = new CompactRange()
  /** The day on which this process entered a log last. */
  readonly #enteredOn = new Map<string, string>()
  readonly #keys = new Map<string, DeploymentKey>()
  /** One change at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(private readonly deps: DeploymentLogDeps) {}

  async open(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#catchUp()
      await this.#check()
      await this.#announceKeys()
      await this.#sign()
    })
  }

  async record(event: DeploymentEvent): Promise<void> {
    await this.#inTurn(async () => {
      await this.#append(this.#text(event))
      await this.#sign()
    })
  }

  async add(checkpoints: readonly string[]): Promise<void> {
    await this.#inTurn(async () => {
      const today = formatMicros(this.deps.clock.nowMicros()).slice(0, 'yyyy-mm-dd'.length)
      for (const text of checkpoints) {
        const { origin, note } = readCheckpoint(text)
        if (this.#enteredOn.get(origin) === today) continue
        await this.#append(note.text)
        this.#enteredOn.set(origin, today)
      }
      await this.#sign()
    })
  }

  keys(): readonly DeploymentKey[] {
    return [...this.#keys.values()]
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #catchUp(): Promise<void> {
    for await (const entry of this.deps.store.entries(this.#range.size)) this.#take(entry)
  }

  /** The next free place: other replicas append too. */
  async #append(entry: string): Promise<void> {
    while (!(await this.deps.store.putEntry(this.#range.size, entry))) await this.#catchUp()
    this.#take(entry)
  }

  #take(entry: string): void {
    this.#range.append(leafHash(Buffer.from(entry)))
    const event = readEvent(entry)
    if (event) this.#takeKey(event)
  }

  #takeKey(event: Record<string, unknown>): void {
    const { event: name, public_key: publicKey, at } = event
    if (typeof publicKey !== 'string' || typeof at !== 'string') return
    const known = this.#keys.get(publicKey)
    if (name === 'key.announced' && !known) {
      this.#keys.set(publicKey, { publicKey, announcedAt: at, retiredAt: undefined })
    }
    if (name === 'key.retired' && known && known.retiredAt === undefined) {
      this.#keys.set(publicKey, { ...known, retiredAt: at })
    }
  }

  /** Throws EvidenceError: leaves that were signed are missing or changed. */
  async #check(): Promise<void> {
    const text = await this.deps.store.newest('deployment')
    if (text === undefined) return
    const { size, root } = readCheckpoint(text)
    const range = new CompactRange()
    for await (const entry of this.deps.store.entries(0n)) {
      if (range.size === size) break
      range.append(leafHash(Buffer.from(entry)))
    }
    if (range.size === size && equalBytes(range.root(), root)) return
    throw new EvidenceError('root_mismatch', 'the log of the deployment is not what was signed')
  }

  /** As in the logs of the organisations: what came before the current key and is gone is retired. */
  async #announceKeys(): Promise<void> {
    const { current, previous } = this.deps.keys
    const ours = [previous, current].flatMap((key) => (key ? [base64(key.publicKey)] : []))
    for (const publicKey of ours) {
      if (this.#keys.has(publicKey)) continue
      await this.#append(this.#text({ event: 'key.announced', public_key: publicKey }))
    }
    for (const { publicKey, retiredAt } of this.keys()) {
      if (publicKey === base64(current.publicKey)) break
      if (ours.includes(publicKey) || retiredAt !== undefined) continue
      await this.#append(this.#text({ event: 'key.retired', public_key: publicKey }))
    }
  }

  #text(event: DeploymentEvent): string {
    return JSON.stringify({ ...event, at: formatMicros(this.deps.clock.nowMicros()) })
  }

  async #sign(): Promise<void> {
    const { store, keys, origin } = this.deps
    const name = `${origin}/deployment`
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const newest = await store.newest('deployment')
      const after = newest === undefined ? 0n : readCheckpoint(newest).size
      await this.#catchUp()
      const { size } = this.#range
      // Another replica may have signed these leaves already.
      if (size <= after) return
      const text = formatCheckpoint({ origin: name, size, root: this.#range.root() })
      const note = signNote(text, signersFor(name, keys))
      if (await keepCheckpoint(store, 'deployment', after, note)) {
        this.deps.onSigned?.(size)
        return
      }
    }
  }
}

function readEvent(entry: string): Record<string, unknown> | undefined {
  if (!entry.startsWith('{')) return undefined
  try {
    return JSON.parse(entry) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
