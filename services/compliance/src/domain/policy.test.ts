import { describe, expect, test } from 'vitest'
import { CHECKS, type Finding } from './check.js'
import { blockReasons, changeModes, DEFAULT_POLICY, holdsOutput, type Policy } from './policy.js'
import { judgeAnswer, type AnswerReport } from './post-check.js'
import { judgeInput } from './pre-check.js'

const blocking = (...checks: (typeof CHECKS)[number][]): Policy => ({
  version: '7',
  modes: {
    ...DEFAULT_POLICY.modes,
    ...Object.fromEntries(checks.map((check) => [check, 'block'])),
  },
})
const finding = (check: Finding['check'], type: string, scoreE4 = 9_000): Finding => ({
  check,
  type,
  rule: 'r',
  messageIndex: 0,
  start: 0,
  end: 1,
  scoreE4,
})

describe('policy', () => {
  test('by default nothing is blocked and nothing is held', () => {
    const findings = CHECKS.map((check) => finding(check, 'x'))
    expect(blockReasons(DEFAULT_POLICY, findings)).toEqual([])
    expect(holdsOutput(DEFAULT_POLICY)).toBe(false)
  })

  test('a reason names check and type, each once', () => {
    const findings = [finding('pii', 'iban'), finding('pii', 'iban'), finding('bias', 'slur')]
    expect(blockReasons(blocking('pii'), findings)).toEqual(['pii:iban'])
  })

  test('a finding that is too weak to report does not block', () => {
    expect(blockReasons(blocking('pii'), [finding('pii', 'phone', 4_999)])).toEqual([])
  })

  test('only checks of the answer make it wait', () => {
    expect(holdsOutput(blocking('injection'))).toBe(false)
    for (const check of ['pii', 'bias', 'grounding'] as const) {
      expect(holdsOutput(blocking(check))).toBe(true)
    }
  })

  test('modes left out stay', () => {
    expect(changeModes(blocking('pii').modes, { bias: 'block' })).toEqual({
      pii: 'block',
      injection: 'monitor',
      bias: 'block',
      grounding: 'monitor',
    })
  })

  test('the decision sees findings that the list leaves out', () => {
    const many = Array.from({ length: 30_000 }, () => finding('injection', 'x'))
    const report = { findings: [...many, finding('pii', 'iban')], injectionE4: 0 }
    const verdict = judgeInput(report, blocking('pii'))
    expect(verdict.reasons).toEqual(['pii:iban'])
    expect(verdict.findings).toHaveLength(20_000)
  })
})

describe('grounding policy', () => {
  const report = (groundingE4: number, isGroundingKnown = true): AnswerReport => ({
    findings: [],
    groundingE4,
    isGroundingKnown,
    confidenceE4: groundingE4,
    signalReasons: [],
  })

  test('blocks below its threshold and only there', () => {
    expect(judgeAnswer(report(3_999), blocking('grounding')).reasons).toEqual([
      'grounding:low_grounding',
    ])
    expect(judgeAnswer(report(4_000), blocking('grounding')).reasons).toEqual([])
    expect(judgeAnswer(report(0), DEFAULT_POLICY).reasons).toEqual([])
  })

  test('does not block what could not be compared', () => {
    expect(judgeAnswer(report(0, false), blocking('grounding')).reasons).toEqual([])
  })
})
