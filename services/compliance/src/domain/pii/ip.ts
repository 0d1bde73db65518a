import type { Hit, Paced } from '../check.js'
import type { FoldedText } from '../text/fold.js'
import { place } from '../text/words.js'
import type { IdentifierValidators } from './recognizers.js'

const V4 = /(?<![\p{L}\p{N}.])\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}]|\.\p{N})/gu
/** Longest text form is 45 characters (RFC 4291 with an embedded IPv4 address). */
const V6 = /(?<![\p{L}\p{N}:.])[0-9A-Fa-f:][0-9A-Fa-f:.]{1,44}(?![\p{L}\p{N}:])/gu
/** `Version 1.2.3.4`, `§ 3.1.2.1`: numbering that looks like an address. */
const NUMBERING =
  /(?:\bv|version|release|firmware|section|abschnitt|kapitel|chapter|article|artikel|nr|no|art|ziffer|§)[.:]? ?$/iu
const CONTEXT_LENGTH = 16
const PER_STEP = 256

/** IPv4 and IPv6 addresses. */
export function* findIps(folded: FoldedText, { ipVersion }: IdentifierValidators): Paced<Hit[]> {
  const { text } = folded
  const hits: Hit[] = []
  let tried = 0
  for (const match of text.matchAll(V4)) {
    if (++tried % PER_STEP === 0) yield
    if (ipVersion(match[0]) !== 4 || isNumbering(text, match.index, match[0])) continue
    const span = place(folded, match.index, match.index + match[0].length)
    hits.push({ type: 'ip', rule: 'pii.ip.v4', ...span, scoreE4: 9_000 })
  }
  for (const match of text.matchAll(V6)) {
    if (++tried % PER_STEP === 0) yield
    const address = match[0].replace(/(?<!:):$|\.+$/, '')
    if (!isPlainV6(address) || ipVersion(address) !== 6) continue
    const span = place(folded, match.index, match.index + address.length)
    hits.push({ type: 'ip', rule: 'pii.ip.v6', ...span, scoreE4: 9_500 })
  }
  return hits
}

/** Section and version numbers: announced as such, or made of single digits only. */
function isNumbering(text: string, start: number, address: string): boolean {
  const before = text.slice(Math.max(0, start - CONTEXT_LENGTH), start)
  return NUMBERING.test(before) || (/^\d(?:\.\d){3}$/.test(address) && !/ip\D*$/i.test(before))
}

/** `::`, times and names of C++ (`ab::cd`) are valid or nearly valid addresses; nobody means them. */
function isPlainV6(address: string): boolean {
  if ((address.match(/:/g)?.length ?? 0) < 2) return false
  return /\d/.test(address) && (address.length >= 6 || address === '::1')
}
