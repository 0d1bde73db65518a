import { formatMicros, uuidv7 } from '@lexcustis/core'
import { canonicalText } from '@lexcustis/evidence'
import { type Draft, SYSTEM } from './draft.js'

const ALGORITHMS = {
  canonical: 'RFC 8785',
  leaf: 'SHA-256, RFC 6962',
  mac: 'HMAC-SHA-256',
  mac_key: 'HKDF-SHA-256',
  commitment: 'SHA-256',
  content: 'AES-256-GCM',
  content_key: 'AES-256-KW',
}

/** First record of a log: what holds for all that follow. */
export function genesisDraft(organizationId: string, origin: string, nowMicros: bigint): Draft {
  return {
    organizationId,
    id: uuidv7(),
    type: 'chain.genesis',
    occurredAt: formatMicros(nowMicros),
    ref: undefined,
    trace: undefined,
    attrs: canonicalText({ origin, algorithms: ALGORITHMS, policy_versions: { record: '1' } }),
    endsBy: undefined,
    outcome: undefined,
    actor: SYSTEM,
    content: [],
    sizeBytes: 0,
  }
}
