import { formatMicros, uuidv7 } from '@lexcustis/core'
import { canonicalText, type JsonObject } from '@lexcustis/evidence'
import { type Draft, SYSTEM } from './draft.js'

const ALGORITHMS = {
  canonical: 'RFC 8785',
  leaf: 'SHA-256, RFC 6962',
  mac: 'HMAC-SHA-256',
  mac_key: 'HKDF-SHA-256',
  commitment: 'SHA-256',
  content: 'AES-256-GCM',
  content_key: 'AES-256-KW',
  checkpoint: 'Ed25519, C2SP signed-note',
}

/** What a new log continues: the newest stored checkpoint of the log before it, and what is left. */
export interface Predecessor {
  readonly inc: string
  readonly size: string
  /** Base64. */
  readonly root: string
  /** Records of it that are still there. */
  readonly kept: string
}

/** Attributes of the first record of a log: what holds for all that follow. */
export type GenesisAttrs = (organizationId: string, incarnation: string) => JsonObject

/** `vkeyOf`: the key that will sign the checkpoints of a log, as C2SP writes it. */
export function genesisAttrs(
  origin: string,
  vkeyOf: (organizationId: string, incarnation: string) => string,
  predecessor?: Predecessor,
): GenesisAttrs {
  return (organizationId, incarnation) => ({
    origin,
    algorithms: ALGORITHMS,
    policy_versions: { record: '1' },
    vkey: vkeyOf(organizationId, incarnation),
    ...(predecessor ? { predecessor: { ...predecessor } } : {}),
  })
}

export function genesisDraft(organizationId: string, attrs: JsonObject, nowMicros: bigint): Draft {
  return {
    organizationId,
    id: uuidv7(),
    type: 'chain.genesis',
    occurredAt: formatMicros(nowMicros),
    ref: undefined,
    trace: undefined,
    attrs: canonicalText(attrs),
    endsBy: undefined,
    outcome: undefined,
    actor: SYSTEM,
    content: [],
    sizeBytes: 0,
  }
}
