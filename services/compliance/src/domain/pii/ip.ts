import type { Hit, Paced } from '../check.js'
import type { FoldedText } from '../text/fold.js'
import { place } from '../text/words.js'
import { mergeHits } from './merge-hits.js'
import type { IdentifierValidators } from './recognizers.js'

const V4 = /(?<![\p{L}\p{N}.])\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}]|\.\p{N})/gu
/** Longest text form is 45 characters (RFC 4291 with an embedded IPv4 address). */
const V6 = /(?<![\p{L}\p{N}:.])[0-9A-Fa-f:][0-9A-Fa-f:.]{1,44}(?![\p{L}\p{N}:])/gu
/** `Version 1.2.3.4`, `§ 3.1.2.1`: numbering that looks like an address. */
const NUMBERING =
  /(?:\bv|version|release|firmware|section|abschnitt|kapitel|chapter|article|artikel|nr|no|art|ziffer|§)[.:]? ?$/iu
const CONTEXT_LENGTH = 16
/** Short forms such as `12::1` are also code; they count after a word that says what they are. */
const ANNOUNCED = /\bip(?:v6)?\b/i
const ANNOUNCED_WITHIN = 40
const PER_STEP = 256

/** IPv4 and IPv6 addresses. */
export function* findIps(folded: FoldedText, validators: IdentifierValidators): Paced<Hit[]> {
  // IPv6 first: it may end in the text form of an IPv4 address.
  const longer = yield* findV6(folded, validators)
  return mergeHits(longer, yield* findV4(folded, validators))
}

function* findV4(folded: FoldedText, { ipVersion }: IdentifierValidators): Paced<Hit[]> {
  const hits: Hit[] = []
  let tried = 0
  for (const { index, 0: address } of folded.text.matchAll(V4)) {
    if (++tried % PER_STEP === 0) yield
    if (ipVersion(address) !== 4 || isNumbering(folded.text, index, address)) continue
    const span = place(folded, index, index + address.length)
    hits.push({ type: 'ip', rule: 'pii.ip.v4', ...span, scoreE4: 9_000 })
  }
  return hits
}

function* findV6(folded: FoldedText, { ipVersion }: IdentifierValidators): Paced<Hit[]> {
  const { text } = folded
  const hits: Hit[] = []
  let tried = 0
  for (const { index, 0: candidate } of text.matchAll(V6)) {
    if (++tried % PER_STEP === 0) yield
    const address = candidate.replace(/(?<!:):$|\.+$/, '')
    if (!isPlainV6(text, index, address) || ipVersion(address) !== 6) continue
    const span = place(folded, index, index + address.length)
    hits.push({ type: 'ip', rule: 'pii.ip.v6', ...span, scoreE4: 9_500 })
  }
  return hits
}

/** Section and version numbers: announced as such, or made of single digits only. */
function isNumbering(text: string, start: number, address: string): boolean {
  const before = text.slice(Math.max(0, start - CONTEXT_LENGTH), start)
  return NUMBERING.test(before) || (/^\d(?:\.\d){3}$/.test(address) && !/ip\D*$/i.test(before))
}

/** Times and names of C++ (`ab::cd`) are valid or nearly valid addresses; nobody means them. */
function isPlainV6(text: string, start: number, address: string): boolean {
  if ((address.match(/:/g)?.length ?? 0) < 2) return false
  if (/\d/.test(address) && (address.length >= 6 || address === '::1')) return true
  return ANNOUNCED.test(text.slice(Math.max(0, start - ANNOUNCED_WITHIN), start))
}
