import type { Hit, Paced } from '../check.js'
import type { FoldedText } from '../text/fold.js'
import { place } from '../text/words.js'
import type { IdentifierValidators } from './recognizers.js'

/** RFC 5321, 4.5.3.1: longest local part and domain. */
const MAX_LOCAL = 64
const MAX_DOMAIN = 255

const LOCAL = /[\p{L}\p{N}._%+\-'&~!#$]/u
const DOMAIN = /[\p{L}\p{N}.-]/u
const EDGE = /^[^\p{L}\p{N}_]+/u
const DOMAIN_EDGE = /[^\p{L}\p{N}]+$/u
const PER_STEP = 256

/** E-mail addresses: everything around an `@` that an address may hold, then the validator decides. */
export function* findEmails(folded: FoldedText, validators: IdentifierValidators): Paced<Hit[]> {
  const { text } = folded
  const hits: Hit[] = []
  let tried = 0
  let doneUntil = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (++tried % PER_STEP === 0) yield
    const start = localStart(text, at, doneUntil)
    const end = domainEnd(text, at)
    if (start === at || end === at + 1) continue
    if (!validators.isEmail(text.slice(start, end))) continue
    doneUntil = end
    const span = place(folded, start, end)
    hits.push({ type: 'email', rule: 'pii.email.address', ...span, scoreE4: 9_800 })
  }
  return hits
}

function localStart(text: string, at: number, from: number): number {
  let start = at
  while (start > from && at - start < MAX_LOCAL && LOCAL.test(text.charAt(start - 1))) start -= 1
  return start + (EDGE.exec(text.slice(start, at))?.[0].length ?? 0)
}

function domainEnd(text: string, at: number): number {
  let end = at + 1
  while (end < text.length && end - at <= MAX_DOMAIN && DOMAIN.test(text.charAt(end))) end += 1
  return end - (DOMAIN_EDGE.exec(text.slice(at + 1, end))?.[0].length ?? 0)
}
