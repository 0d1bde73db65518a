import { randomBytes, X509Certificate } from 'node:crypto'
import { AppError } from '@lexcustis/core'
import type { TimestampAuthority } from '../domain/witness.js'
import { postBytes } from './post-bytes.js'

export interface AuthorityOptions {
  readonly url: string
  readonly timeoutMs?: number
  /**
   * PEM of one certificate or several; a token counts only when one of them issued the authority's.
   * Without them a token proves that the note was stamped, not by whom.
   */
  readonly trustedCertificates?: string | undefined
}

const MAX_ANSWER_BYTES = 262_144
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** A timestamp authority over HTTP (RFC 3161, section 3.4). Throws TypeError for a broken PEM. */
export function createTimestampAuthority(options: AuthorityOptions): TimestampAuthority {
  const { url, timeoutMs = 10_000, trustedCertificates } = options
  const trusted = trustedCertificates === undefined ? [] : readCertificates(trustedCertificates)
  return {
    async stamp(message) {
      // Loaded at the first use: most deployments have no authority.
      const { encodeTimestampRequest, readTimestampResponse, verifyTimestampToken } =
        await import('./timestamp-token.js')
      const nonce = positiveNonce()
      const { body, contentType } = await postBytes({
        url,
        headers: {
          'content-type': 'application/timestamp-query',
          accept: 'application/timestamp-reply',
        },
        body: encodeTimestampRequest(message, nonce),
        timeoutMs,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        name: 'the timestamp authority',
      })
      if (!/^application\/timestamp-reply\b/i.test(contentType)) {
        throw new AppError(
          'UPSTREAM_ERROR',
          'the timestamp is refused: the answer has another type',
        )
      }
      const token = readTimestampResponse(body)
      await verifyTimestampToken(token, { message, nonce, trusted })
      return token
    },
  }
}

/** DER of every certificate in a PEM text; at least one. Throws TypeError. */
export function readCertificates(pem: string): readonly Uint8Array[] {
  const found = pem.match(PEM) ?? []
  if (found.length === 0) throw new TypeError('holds no certificate in PEM')
  return found.map((text) => {
    try {
      return new X509Certificate(text).raw
    } catch {
      throw new TypeError('holds a certificate that cannot be read')
    }
  })
}

/** 64 bits as a DER integer that is positive and has no zero in front. */
function positiveNonce(): Buffer {
  const nonce = randomBytes(8)
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40
  return nonce
}
