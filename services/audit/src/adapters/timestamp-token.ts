import { hash } from 'node:crypto'
import * as asn1 from 'asn1js'
import * as pki from 'pkijs'
import { AppError } from '@lexcustis/core'

/** What a timestamp token says once it has been checked. */
export interface TimestampInfo {
  /** The time the authority vouches for. */
  readonly time: Date
}

export interface TimestampExpectation {
  /** The bytes that were stamped, not their hash. */
  readonly message: Uint8Array
  /** As it was sent; without it the token may have been made for somebody else's request. */
  readonly nonce?: Uint8Array
  /** DER of the certificates that may have issued the authority's; empty: any authority is believed. */
  readonly trusted: readonly Uint8Array[]
}

const SHA256 = '2.16.840.1.101.3.4.2.1'
const SIGNER_HASHES = new Map([
  [SHA256, 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])
const SHA1 = '1.3.14.3.2.26'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'
const EXT_KEY_USAGE = '2.5.29.37'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
/** SigningCertificate (RFC 2634) and SigningCertificateV2 (RFC 5816). */
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12'
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
const GRANTED = [0, 1]

/** TimeStampReq of RFC 3161, section 2.4.1: SHA-256 of the message, the nonce, certificates wanted. */
export function encodeTimestampRequest(message: Uint8Array, nonce: Uint8Array): Uint8Array {
  const request = new pki.TimeStampReq({
    version: 1,
    messageImprint: new pki.MessageImprint({
      hashAlgorithm: new pki.AlgorithmIdentifier({
        algorithmId: SHA256,
        algorithmParams: new asn1.Null(),
      }),
      hashedMessage: new asn1.OctetString({ valueHex: bufferOf(sha256(message)) }),
    }),
    nonce: new asn1.Integer({ valueHex: bufferOf(nonce) }),
    certReq: true,
  })
  return new Uint8Array(request.toSchema().toBER())
}

/**
 * The token of a TimeStampResp (RFC 3161, section 2.4.2), in the very bytes of the answer. Throws
 * AppError UPSTREAM_ERROR when the authority did not grant one.
 */
export function readTimestampResponse(response: Uint8Array): Uint8Array {
  const parsed = readAsn1(response)
  const answer = refusing('the answer is none', () => new pki.TimeStampResp({ schema: parsed }))
  if (!GRANTED.includes(answer.status.status)) throw refused(`status ${answer.status.status}`)
  const token = parsed instanceof asn1.Sequence ? parsed.valueBlock.value[1] : undefined
  if (!answer.timeStampToken || !token) throw refused('granted, and no token')
  return Uint8Array.from(token.valueBeforeDecodeView)
}

/**
 * Checks a token against what it was asked for: imprint, nonce, signature, that the certificate is
 * one for timestamps only (RFC 3161, section 2.3), named by a signed attribute (RFC 5816), and issued
 * by a trusted one at the time stated. Throws AppError UPSTREAM_ERROR.
 */
export async function verifyTimestampToken(
  token: Uint8Array,
  { message, nonce, trusted }: TimestampExpectation,
): Promise<TimestampInfo> {
  const parsed = readAsn1(token)
  const { signed, info, signer } = refusing('the token is none', () => readSigned(parsed))
  assertInfo(info, message, nonce)
  const certificate = assertSigner(signed, signer)
  const holds = await signed
    .verify({
      signer: 0,
      data: bufferOf(message),
      checkChain: trusted.length > 0,
      trustedCerts: trusted.map((der) => pki.Certificate.fromBER(bufferOf(der))),
      extendedMode: true,
    })
    .catch((error: unknown) => {
      throw refused('its signature or its certificate does not hold', error)
    })
  if (holds.signatureVerified !== true) throw refused('its signature does not hold')
  const used = holds.signerCertificate
  if (!used || !sameBytes(derOf(used), derOf(certificate))) throw refused('it has two signers')
  return { time: info.genTime }
}

interface Signed {
  readonly signed: pki.SignedData
  readonly info: pki.TSTInfo
  readonly signer: pki.SignerInfo
}

function readSigned(parsed: asn1.BaseBlock): Signed {
  const content = new pki.ContentInfo({ schema: parsed })
  if (content.contentType !== pki.id_ContentType_SignedData) throw refused('it is not signed data')
  const signed = new pki.SignedData({ schema: content.content as unknown })
  const { eContentType, eContent } = signed.encapContentInfo
  if (eContentType !== TST_INFO || !eContent) throw refused('it signs something else')
  const [signer, ...others] = signed.signerInfos
  if (!signer || others.length > 0) throw refused('it does not have exactly one signer')
  return { signed, signer, info: pki.TSTInfo.fromBER(eContent.getValue()) }
}

function assertInfo(info: pki.TSTInfo, message: Uint8Array, nonce: Uint8Array | undefined): void {
  const { hashAlgorithm, hashedMessage } = info.messageImprint
  const imprint = hashedMessage.valueBlock.valueHexView
  if (hashAlgorithm.algorithmId !== SHA256 || !sameBytes(imprint, sha256(message))) {
    throw refused('it stamps something else')
  }
  if (!nonce) return
  const answered = info.nonce?.valueBlock.valueHexView
  if (!answered || !sameBytes(answered, nonce)) throw refused('its nonce is another')
}

/** The certificate whose hash the signer has signed, and whose only purpose is this. */
function assertSigner(signed: pki.SignedData, signer: pki.SignerInfo): pki.Certificate {
  const digest = signer.digestAlgorithm.algorithmId
  if (!SIGNER_HASHES.has(digest)) throw refused('it is signed over a hash that is not SHA-2')
  const contentType = attributeOf(signer, CONTENT_TYPE)
  if (!(contentType instanceof asn1.ObjectIdentifier) || contentType.getValue() !== TST_INFO) {
    throw refused('it signs something else')
  }
  const named = refusing('it does not name its certificate', () => namedCertificate(signer))
  const certificates = (signed.certificates ?? []).filter(
    (candidate): candidate is pki.Certificate => candidate instanceof pki.Certificate,
  )
  const certificate = certificates.find((each) =>
    sameBytes(hash(named.algorithm, derOf(each), 'buffer'), named.hash),
  )
  if (!certificate) throw refused('it lacks the certificate that it names')
  if (!isForTimestampsOnly(certificate)) {
    throw refused('its certificate is not one for timestamps only')
  }
  return certificate
}

function isForTimestampsOnly({ extensions = [] }: pki.Certificate): boolean {
  const usages = extensions.filter(({ extnID }) => extnID === EXT_KEY_USAGE)
  const [usage] = usages
  if (usages.length !== 1 || usage?.critical !== true) return false
  const purposes = usage.parsedValue instanceof pki.ExtKeyUsage ? usage.parsedValue.keyPurposes : []
  return purposes.length === 1 && purposes[0] === TIME_STAMPING
}

/** The first ESSCertID or ESSCertIDv2, which is the signer's: SEQUENCE { SEQUENCE OF id … }. */
function namedCertificate(signer: pki.SignerInfo): { algorithm: string; hash: Uint8Array } {
  const second = attributeOf(signer, SIGNING_CERTIFICATE_V2)
  const id = firstOf(firstOf(second ?? attributeOf(signer, SIGNING_CERTIFICATE)))
  if (!id) throw refused('it does not name its certificate')
  const [first, next] = childrenOf(id)
  // hashAlgorithm comes first and is left out when it is SHA-256; version 1 knows only SHA-1.
  const oid = first instanceof asn1.Sequence ? childrenOf(first)[0] : undefined
  const given = oid instanceof asn1.ObjectIdentifier ? oid.getValue() : second ? SHA256 : SHA1
  const algorithm = given === SHA1 ? 'sha1' : SIGNER_HASHES.get(given)
  const value = first instanceof asn1.Sequence ? next : first
  if (algorithm === undefined || !(value instanceof asn1.OctetString)) throw refused('unknown hash')
  return { algorithm, hash: value.valueBlock.valueHexView }
}

function attributeOf(signer: pki.SignerInfo, type: string): asn1.BaseBlock | undefined {
  const found = (signer.signedAttrs?.attributes ?? []).filter((each) => each.type === type)
  if (found.length > 1) throw refused('it has an attribute twice')
  return found[0]?.values[0] as asn1.BaseBlock | undefined
}

function childrenOf(block: asn1.BaseBlock | undefined): readonly asn1.BaseBlock[] {
  return block instanceof asn1.Sequence ? block.valueBlock.value : []
}

function firstOf(block: asn1.BaseBlock | undefined): asn1.BaseBlock | undefined {
  return childrenOf(block)[0]
}

function readAsn1(bytes: Uint8Array): asn1.BaseBlock {
  const { offset, result } = asn1.fromBER(bufferOf(bytes))
  if (offset !== bytes.length) throw refused('it is not one ASN.1 value')
  // The parser is lenient about lengths, which others are not: what is kept has to hold for them.
  if (!sameBytes(new Uint8Array(result.toBER()), bytes)) throw refused('it is not DER')
  return result
}

function refusing<T>(problem: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof AppError ? error : refused(problem, error)
  }
}

function refused(problem: string, cause?: unknown): AppError {
  const message = `the timestamp is refused: ${problem}`
  return new AppError('UPSTREAM_ERROR', message, { cause })
}

function derOf(certificate: pki.Certificate): Uint8Array {
  return new Uint8Array(certificate.toSchema().toBER())
}

function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer')
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}

/** pkijs wants a buffer of its own, not a window of Node's pool. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
