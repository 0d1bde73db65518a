import { readdirSync, readFileSync } from 'node:fs'
import { ATTRS_SCHEMA_FOLDER, SPECIFICATION_FILE } from '../src/index.js'
import { type Members, vkeysOf } from './bundle-builder.js'
import { EXCERPT, FULL, type GoldenCase, PLAIN, RANGE, timeOf, validCase } from './golden-case.js'
import { everyTypeLog, goldenLog, retiringLog, STRANGER } from './golden-logs.js'
import { createLog, GENESIS, NEXT_SIGNER, SIGNER } from './test-log.js'
import { zipOf } from './zip-writer.js'

/** Everything that SPEC.md, section 8, puts into a bundle. */
function addSpecification(members: Members): void {
  members.set('SPEC.md', readFileSync(SPECIFICATION_FILE))
  for (const name of readdirSync(ATTRS_SCHEMA_FOLDER).sort()) {
    members.set(`schemas/${name}`, readFileSync(new URL(name, ATTRS_SCHEMA_FOLDER)))
  }
}

const empty = timeOf(4).replace(/\.\d{6}Z$/, '.900000Z')
const before = '2026-01-01T00:00:00.000000Z'
const after = '2027-01-01T00:00:00.000000Z'
const both = [SIGNER, NEXT_SIGNER]

const full = validCase('full', 'All records; nothing was erased, no key changed.', PLAIN)

export const VALID: readonly GoldenCase[] = [
  full,
  validCase('full-complete', 'With SPEC.md and the schemas as they are shipped.', {
    ...PLAIN,
    members: addSpecification,
  }),
  validCase('full-with-erasures', 'Two erasures, each authorised by a record.', FULL),
  validCase('full-one-record', 'A log that has only begun.', {
    log: createLog([GENESIS]),
    kind: 'full',
  }),
  validCase(
    'full-every-type',
    'One record of every type, with microseconds, text outside the basic plane, U+2028, U+0000 in ' +
      'content, and integers at and beyond 2^53.',
    { log: everyTypeLog, kind: 'full' },
  ),
  validCase(
    'full-rotated-keys',
    'Both keys sign; only the new one is given.',
    { ...FULL, signers: both },
    { keys: vkeysOf(NEXT_SIGNER) },
  ),
  validCase(
    'full-retired-key',
    'The old key signed an earlier checkpoint and was retired later.',
    {
      log: retiringLog,
      kind: 'full',
      signers: [NEXT_SIGNER],
      previousSize: 3n,
      previousSigners: [SIGNER],
    },
    { keys: vkeysOf(...both) },
  ),
  validCase('full-foreign-signature', 'A signature by a key that was not given is ignored.', {
    ...PLAIN,
    signers: [SIGNER, STRANGER],
  }),
  validCase(
    'full-previous',
    'Continues an earlier checkpoint, given and enclosed.',
    { ...FULL, previousSize: 5n },
    { previous: goldenLog.checkpoint(5n) },
  ),
  validCase('full-previous-given', 'Continues an earlier checkpoint, shown by its leaves.', FULL, {
    previous: goldenLog.checkpoint(8n),
  }),
  validCase('full-withheld', 'The exporter withholds a prompt.', {
    ...PLAIN,
    withheld: ['1/prompt'],
  }),
  validCase('full-further-member', 'A listed member that this format does not know.', {
    ...PLAIN,
    members: (members) => void members.set('dossier/report.txt', Buffer.from('report\n')),
  }),
  validCase('range', 'The records of a period, with both boundary records.', RANGE),
  validCase('range-empty', 'A period without records.', {
    ...RANGE,
    period: { from: empty, to: empty.replace('.9', '.95').replace('00Z', '0Z') },
  }),
  validCase('range-from-first', 'A period that begins before the log.', {
    ...RANGE,
    period: { from: before, to: timeOf(4) },
  }),
  validCase('range-open-end', 'A period that had not ended when the bundle was made.', {
    ...RANGE,
    period: { from: timeOf(12), to: after },
  }),
  validCase(
    'range-previous',
    'A range that continues an earlier checkpoint.',
    { ...RANGE, previousSize: 7n },
    { previous: goldenLog.checkpoint(7n) },
  ),
  validCase('excerpt', 'Two records by themselves, and what they need.', EXCERPT),
  validCase('excerpt-withheld', 'An excerpt that withholds a prompt.', {
    ...EXCERPT,
    withheld: ['5/prompt'],
  }),
  validCase(
    'excerpt-previous-same-size',
    'Continues the same checkpoint: the proof has no bytes.',
    { ...EXCERPT, previousSize: 14n },
    { previous: goldenLog.checkpoint(14n) },
  ),
  {
    ...full,
    path: 'valid/full-stored.zip',
    about: 'A zip of stored members.',
    build: async () => zipOf((await full.build()) as Members, { isStored: true }),
  },
]
