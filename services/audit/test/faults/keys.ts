import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { AuditLogOptions } from '../../src/audit-log.js'
import { createEpoch, type Epoch } from '../../src/domain/master-keys.js'
import { createSigningKey, createSigningKeys } from '../../src/domain/signing-keys.js'

/** Keys in a form that another process can be given. */
export interface PortableKeys {
  readonly masters: readonly {
    readonly kid: string
    readonly hex: string
    readonly state: Epoch['state']
  }[]
  /** PEM; the current one first. */
  readonly signing: readonly string[]
}

const first = { master: randomBytes(32).toString('hex'), signing: createPem() }
const second = { master: randomBytes(32).toString('hex'), signing: createPem() }

export const BEFORE: PortableKeys = {
  masters: [{ kid: 'mac-1', hex: first.master, state: 'current' }],
  signing: [first.signing],
}

/** Both keys are rotated: what is written next announces the one, what is signed next the other. */
export const AFTER: PortableKeys = {
  masters: [
    { kid: 'mac-1', hex: first.master, state: 'verify_only' },
    { kid: 'mac-2', hex: second.master, state: 'current' },
  ],
  signing: [second.signing, first.signing],
}

function createPem(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
}

export function readKeys({
  masters,
  signing,
}: PortableKeys): Pick<AuditLogOptions, 'epochs' | 'signingKeys'> {
  const [current, previous] = signing.map((pem) => createSigningKey(createPrivateKey(pem)))
  if (!current) throw new Error('there is no signing key')
  return {
    epochs: masters.map(({ kid, hex, state }) => createEpoch(kid, Buffer.from(hex, 'hex'), state)),
    signingKeys: createSigningKeys(current, previous),
  }
}
