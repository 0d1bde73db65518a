/**
 * How good the checks are, per labelled set; measures and never fails. Run from the repository's root:
 *
 *   npx vitest run --config services/compliance/test/quality.config.js
 *
 * LEXCUSTIS_QUALITY_DATA names the folder of the labelled sets (default ../shared/data). It is no part of the
 * repository; without it the report says so and is empty.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { createIdentifierValidators } from '../src/adapters/identifier-validators.js'
import { findBias } from '../src/domain/bias/find-bias.js'
import { REPORTED_FROM_E4, runToEnd } from '../src/domain/check.js'
import { LOW_CONFIDENCE_E4 } from '../src/domain/confidence.js'
import { measureGrounding } from '../src/domain/grounding/grounding.js'
import { findInjection } from '../src/domain/injection/find-injection.js'
import { findPii } from '../src/domain/pii/find-pii.js'
import { createCodePointIndex } from '../src/domain/text/code-points.js'

const DATA = process.env['LEXCUSTIS_QUALITY_DATA'] ?? '../shared/data'

interface Row {
  readonly text: string
  readonly label?: string
  readonly passages?: string[]
  readonly answer?: string
  readonly entities?: { start: number; end: number; type: string }[]
  readonly checked_types?: string[]
}

function setsOf(folder: string): [name: string, rows: Row[]][] {
  const path = join(DATA, folder)
  if (!existsSync(path)) {
    console.log(`${folder}: no data in ${DATA}`)
    return []
  }
  return readdirSync(path)
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => [file.replace('.jsonl', ''), readRows(join(path, file))])
}

function readRows(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row)
}

/** Share of rows of each label that are flagged. */
function flagged(rows: readonly Row[], isFlagged: (row: Row) => boolean): string {
  const counts = new Map<string, [hits: number, rows: number]>()
  for (const row of rows) {
    const count = counts.get(row.label ?? '') ?? [0, 0]
    counts.set(row.label ?? '', [count[0] + Number(isFlagged(row)), count[1] + 1])
    if (process.env['LEXCUSTIS_QUALITY_SHOW'] === row.label && isFlagged(row)) {
      console.log(`  ${row.text.slice(0, 200)}`)
    }
  }
  return [...counts]
    .map(([label, [hits, all]]) => `${label} ${hits}/${all} (${((100 * hits) / all).toFixed(1)} %)`)
    .join('  ')
}

/** Chance that a supported answer scores above an unsupported one. */
function areaUnderCurve(good: readonly number[], bad: readonly number[]): number {
  const wins = good.map((g) => bad.reduce((sum, b) => sum + (g > b ? 1 : g === b ? 0.5 : 0), 0))
  return wins.reduce((a, b) => a + b, 0) / (good.length * bad.length)
}

/** Names of the sets' own types that the five kinds of identifiers answer to. */
const TYPES: Readonly<Record<string, string>> = {
  EMAIL: 'email',
  EMAIL_ADDRESS: 'email',
  CORREO_ELECTRONICO: 'email',
  PHONE: 'phone',
  PHONE_NUMBER: 'phone',
  NUMERO_TELEFONO: 'phone',
  NUMERO_FAX: 'phone',
  TR_PHONE_NUMBER: 'phone',
  PH_MOBILE_NUMBER: 'phone',
  IBAN: 'iban',
  IBAN_CODE: 'iban',
  CREDIT_CARD: 'card',
  IP: 'ip',
  IP_ADDRESS: 'ip',
}

interface Tally {
  found: number
  missed: number
  wrong: number
}

const validators = createIdentifierValidators()

function tallyPii(rows: readonly Row[]): Map<string, Tally> {
  const tallies = new Map<string, Tally>()
  for (const row of rows) {
    const judged = row.checked_types?.map((type) => TYPES[type])
    const toCodePoint = createCodePointIndex(row.text)
    const wanted = (row.entities ?? []).flatMap((entity) => {
      const type = TYPES[entity.type]
      return type ? [{ ...entity, type }] : []
    })
    const hits = runToEnd(findPii(row.text, validators)).map((hit) => ({
      ...hit,
      start: toCodePoint(hit.start),
      end: toCodePoint(hit.end),
    }))
    for (const want of wanted) {
      const isFound = hits.some(
        (hit) => hit.type === want.type && hit.start < want.end && hit.end > want.start,
      )
      count(tallies, want.type, isFound ? 'found' : 'missed')
    }
    for (const hit of hits) {
      const isWanted = wanted.some(
        (w) => w.type === hit.type && hit.start < w.end && hit.end > w.start,
      )
      const isJudged = judged?.includes(hit.type) ?? true
      if (isWanted || !isJudged) continue
      count(tallies, hit.type, 'wrong')
      if (process.env['LEXCUSTIS_QUALITY_SHOW'] === hit.type) {
        console.log(
          `  ${hit.rule} ${JSON.stringify(row.text.slice(Math.max(0, hit.start - 40), hit.end + 10))}`,
        )
      }
    }
  }
  return tallies
}

function count(tallies: Map<string, Tally>, type: string, field: keyof Tally): void {
  const tally = tallies.get(type) ?? { found: 0, missed: 0, wrong: 0 }
  tally[field] += 1
  tallies.set(type, tally)
}

describe('quality', () => {
  test('injection', () => {
    console.log(`injection: flagged at ${REPORTED_FROM_E4}`)
    for (const [name, rows] of setsOf('injection')) {
      const isFlagged = ({ text }: Row) => runToEnd(findInjection(text)).scoreE4 >= REPORTED_FROM_E4
      console.log(`  ${name.padEnd(26)} ${flagged(rows, isFlagged)}`)
    }
  })

  test('personal identifiers', () => {
    console.log('pii: found, missed, wrong (a hit that no label of its type overlaps)')
    for (const [name, rows] of setsOf('pii')) {
      for (const [type, { found, missed, wrong }] of tallyPii(rows)) {
        console.log(`  ${name.padEnd(26)} ${type.padEnd(6)} ${found} ${missed} ${wrong}`)
      }
    }
  })

  test('bias', () => {
    console.log('bias: flagged')
    for (const [name, rows] of setsOf('bias')) {
      const isFlagged = ({ text }: Row) => runToEnd(findBias(text)).length > 0
      console.log(`  ${name.padEnd(26)} ${flagged(rows, isFlagged)}`)
    }
  })

  test('grounding', () => {
    console.log(
      `grounding: area under the curve; supported and unsupported below ${LOW_CONFIDENCE_E4}`,
    )
    for (const [name, rows] of setsOf('grounding')) {
      const scores = rows.map(({ answer = '', passages = [], label }) => ({
        label,
        score: runToEnd(measureGrounding(answer, passages)) ?? 0,
      }))
      const of = (wanted: string) =>
        scores.filter(({ label }) => label === wanted).map(({ score }) => score)
      const [good, bad] = [of('supported'), of('unsupported')]
      const low = (values: number[]) =>
        `${values.filter((v) => v * 10_000 < LOW_CONFIDENCE_E4).length}/${values.length}`
      console.log(
        `  ${name.padEnd(26)} auc ${areaUnderCurve(good, bad).toFixed(3)}  supported ${low(good)}  unsupported ${low(bad)}`,
      )
    }
  })
})
