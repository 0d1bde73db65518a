import { describe, expect, test } from 'vitest'
import type { Envelope } from '../envelope.js'
import { Findings } from './findings.js'
import { readKeys } from './keys.js'
import type { MemberReader } from './member-reader.js'

/** No line: the records alone say which keys there are. */
const noLines = { stream: async function* () {} } as unknown as MemberReader

const sealed = (type: string, kid: string, attrs: object = {}) =>
  ({ type, kid, attrs }) as unknown as Envelope

async function codesOf(isFull: boolean, records: readonly Envelope[]): Promise<string[]> {
  const findings = new Findings()
  const keys = await readKeys(noLines, findings, isFull)
  for (const [seq, record] of records.entries()) keys.record(record, BigInt(seq))
  return findings.failures().map(({ code }) => code)
}

const announced = sealed('key.announced', 'mac-1', { use: 'mac', kid: 'mac-2' })

describe('keys that make MACs', () => {
  test('are announced by the genesis and by records, whether they are listed or not', async () => {
    const records = [
      sealed('chain.genesis', 'mac-1'),
      announced,
      sealed('chain.heartbeat', 'mac-2'),
    ]
    expect(await codesOf(true, records)).toEqual([])
  })

  test('are unannounced when no record before names them, once each', async () => {
    const early = sealed('chain.heartbeat', 'mac-2')
    const records = [sealed('chain.genesis', 'mac-1'), early, early, announced]
    expect(await codesOf(true, records)).toEqual(['key_unannounced'])
  })

  test('may be announced outside of a range', async () => {
    expect(await codesOf(false, [sealed('chain.heartbeat', 'mac-7')])).toEqual([])
  })
})
