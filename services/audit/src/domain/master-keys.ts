import { createSecretKey, type KeyObject } from 'node:crypto'

const KEY_BYTES = 32
/** Epochs are numbered, so that the next name is known: mac-1, mac-2, … */
const KID = /^mac-[1-9]\d{0,8}$/
export const FIRST_KID = 'mac-1'

/** A master key and the time in which it seals. */
export interface Epoch {
  /** `mac-<n>`, in the envelope of every record it seals. */
  readonly kid: string
  /** 32 bytes; an object that shows them neither to a logger nor to JSON. */
  readonly key: KeyObject
  /** One epoch seals what is new; the others check and open what they sealed. */
  readonly state: 'current' | 'verify_only'
}

/** Where the master keys come from. */
export interface MasterKeys {
  /** Every epoch, exactly one of them current. Throws ConfigError when they cannot be had. */
  load(): Promise<readonly Epoch[]>
}

/** Whether a text names an epoch. */
export function isKid(text: string): boolean {
  return KID.test(text)
}

/** The name after the largest of these; the first when there is none. */
export function nextKid(kids: readonly string[]): string {
  return `mac-${newest(kids) + 1}`
}

/** The largest of these, of which there is at least one. */
export function newestKid(kids: readonly string[]): string {
  return `mac-${newest(kids)}`
}

/** mac-10 comes after mac-9. */
function newest(kids: readonly string[]): number {
  return Math.max(0, ...kids.map((kid) => Number(kid.slice('mac-'.length))))
}

/** `master` has 32 bytes. Throws RangeError otherwise, and TypeError for another kid. */
export function createEpoch(kid: string, master: Uint8Array, state: Epoch['state']): Epoch {
  if (!isKid(kid)) throw new TypeError('a master key is named mac-1, mac-2, …')
  if (master.length !== KEY_BYTES) throw new RangeError(`the master key has ${KEY_BYTES} bytes`)
  return { kid, key: createSecretKey(master), state }
}

/** A deployment that never rotated: this key is mac-1. */
export function singleEpoch(master: Uint8Array): readonly Epoch[] {
  return [createEpoch(FIRST_KID, master, 'current')]
}

/** Master keys that are at hand. */
export function heldMasterKeys(epochs: readonly Epoch[]): MasterKeys {
  return { load: async () => epochs }
}
