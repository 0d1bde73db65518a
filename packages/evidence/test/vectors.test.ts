import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  ATTRS_SCHEMA_FOLDER,
  canonicalize,
  canonicalText,
  commit,
  createChainVerifier,
  createRecordMac,
  deriveChainKey,
  type Envelope,
  envelopeBytes,
  genesisMac,
  leafHash,
  projectionOf,
  readRecord,
  readStrictJson,
  RECORD_TYPES,
} from '../src/index.js'

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T
}

interface Chain {
  readonly master: string
  readonly kid: string
  readonly org: string
  readonly inc: string
  readonly k_org: string
  readonly genesis_mac: string
  readonly records: readonly {
    readonly envelope: Envelope
    readonly canonical: string
    readonly leaf: string
    readonly mac: string
  }[]
}

const chain = read<Chain>('chain')
const { org, inc, kid } = chain
const key = deriveChainKey({ master: Buffer.from(chain.master, 'base64'), kid, org, inc })

describe('golden chain', () => {
  test('holds every record type once, in the order of the list', () => {
    expect(chain.records.map(({ envelope }) => envelope.type)).toEqual(RECORD_TYPES)
  })

  test('the key and the MAC before the first record are the golden ones', () => {
    expect(key.export().toString('hex')).toBe(chain.k_org)
    expect(genesisMac(key, org, inc).toString('hex')).toBe(chain.genesis_mac)
  })

  test.each(
    chain.records.map((record, sequence) => [record.envelope.type, sequence, record] as const),
  )(
    '%s: bytes, leaf and MAC are the golden ones',
    (_, sequence, { envelope, canonical, leaf, mac }) => {
      const bytes = canonicalize(envelope)
      expect(bytes.toString('base64')).toBe(canonical)
      const { attrs, v: _v, ...rest } = envelope
      expect(envelopeBytes(rest, canonicalText(attrs))).toEqual(bytes)
      expect(readRecord(bytes)).toEqual(envelope)
      expect(leafHash(bytes).toString('hex')).toBe(leaf)
      const previous = chain.records[sequence - 1]?.mac ?? chain.genesis_mac
      const macOf = createRecordMac(key, org)
      const sealed = macOf(BigInt(sequence), Buffer.from(previous, 'hex'), leafHash(bytes))
      expect(sealed.toString('hex')).toBe(mac)
    },
  )

  test('verifies as a whole', () => {
    const verifier = createChainVerifier({
      org,
      inc,
      keyOf: (id) => (id === kid ? key : undefined),
    })
    const breaks = chain.records.flatMap(({ envelope, canonical, leaf, mac }, sequence) =>
      verifier.check({
        sequence: BigInt(sequence),
        canonical: Buffer.from(canonical, 'base64'),
        leaf: Buffer.from(leaf, 'hex'),
        mac: Buffer.from(mac, 'hex'),
        projection: projectionOf(envelope, envelope.attrs['ends_by']),
      }),
    )
    expect(breaks).toEqual([])
    expect(verifier.checked).toBe(BigInt(RECORD_TYPES.length))
  })
})

describe('schemas', () => {
  test('there is exactly one for every type', () => {
    expect(readdirSync(ATTRS_SCHEMA_FOLDER).sort()).toEqual(
      RECORD_TYPES.map((type) => `${type}.json`).sort(),
    )
  })

  test.each(RECORD_TYPES)('%s: every object in it is closed', (type) => {
    const text = readFileSync(new URL(`${type}.json`, ATTRS_SCHEMA_FOLDER), 'utf8')
    const open: unknown[] = []
    JSON.parse(text, (_, value: unknown) => {
      const schema = value as { type?: string; additionalProperties?: unknown }
      if (schema.type === 'object' && schema.additionalProperties === undefined) open.push(schema)
      return value
    })
    expect(open).toEqual([])
  })
})

describe('commitments', () => {
  const { commitments } = read<{
    commitments: readonly { salt: string; value: string; commitment: string }[]
  }>('commitments')

  test.each(commitments)('$commitment', ({ salt, value, commitment }) => {
    expect(commit(Buffer.from(salt, 'base64'), value)).toBe(commitment)
    expect(commit(Buffer.from(salt, 'base64'), Buffer.from(value))).toBe(commitment)
  })
})

describe('canonical text', () => {
  const { accept, reject } = read<{
    accept: readonly { text: string; canonical: string }[]
    reject: readonly { text: string; code: string }[]
  }>('canonical')

  test.each(accept)('$text is read and written canonically', ({ text, canonical }) => {
    expect(canonicalText(readStrictJson(text))).toBe(canonical)
    expect(canonicalText(readStrictJson(canonical))).toBe(canonical)
  })

  test.each(reject)('$text is refused: $code', ({ text, code }) => {
    expect(() => readStrictJson(text)).toThrow(expect.objectContaining({ code }))
  })
})
