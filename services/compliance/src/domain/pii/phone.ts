import type { Hit, Paced } from '../check.js'
import type { FoldedText } from '../text/fold.js'
import { place } from '../text/words.js'
import type { IdentifierValidators } from './recognizers.js'

/** Digits in printed groups, with the signs people put between them; at most 15 digits (E.164) count. */
const CANDIDATE =
  /(?<![\p{L}\p{N}+/_]|\p{N}[.,:-])(?:\+ ?|\()?\d{1,15}(?:(?:[ ./-]|\) ?| ?\(| [-/] |\)[-/])\d{1,15}){0,8}(?![\p{L}\p{N}])/gu

/** Words that announce a telephone number, in the languages of the Union. */
const ANNOUNCEMENT = new RegExp(
  `(?<!\\p{L})(?:${[
    'tel|tel[eé]f\\p{L}*|t[eé]l[eé]ph?on\\p{L}*|tlfn?|tfn|phone\\p{L}*|mobil\\p{L}*|cell|cellphone|cellul\\p{L}*',
    'cell\\.|handy\\p{L}*|fax|faks|call|dial|sms|whatsapp|hotline|rufen|rufnummer|anrufen|durchwahl|portable',
    'appele[rz]|joindre|m[oó]vil\\p{L}*|ll[aá]m[ae]\\p{L}*|chiam\\p{L}+|recapito|gsm|bel|bellen|kom[oó]rk\\p{L}*',
    'zadzwo\\p{L}*|mobitel\\p{L}*|nazov\\p{L}*|puhelin\\p{L}*|matkapuhelin|puh|τηλ\\p{L}*|κιν\\p{L}*|тел\\p{L}*|моб\\p{L}*',
  ].join('|')})(?!\\p{L})|[☎📞📱]`,
  'giu',
)
/** How far after such a word the number may begin. */
const ANNOUNCED_WITHIN = 32
const MIN_DIGITS = 7
const DATE = /^(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?: |$)/
const PER_STEP = 32
const MAX_CUTS = 5

/** `Ref: 08 08 64855`: a label that does not say phone says that it is something else. */
const LABEL = /[:#º°=] ?$/

interface Context {
  readonly isAnnounced: () => boolean
  readonly isLabelled: () => boolean
}

interface Match {
  readonly length: number
  readonly rule: string
  readonly scoreE4: number
}

/**
 * Phone numbers: international ones wherever they stand; national ones when a word announces them or
 * when they are written the way only phone numbers are.
 */
export function* findPhones(folded: FoldedText, validators: IdentifierValidators): Paced<Hit[]> {
  const { text } = folded
  const hits: Hit[] = []
  const isAnnounced = createAnnouncements(text)
  let tried = 0
  for (const candidate of text.matchAll(CANDIDATE)) {
    if (++tried % PER_STEP === 0) yield
    const match = recognize(
      candidate[0],
      {
        isAnnounced: () => isAnnounced(candidate.index),
        isLabelled: () => LABEL.test(text.slice(Math.max(0, candidate.index - 3), candidate.index)),
      },
      validators,
    )
    if (!match) continue
    const span = place(folded, candidate.index, candidate.index + match.length)
    hits.push({ type: 'phone', rule: match.rule, ...span, scoreE4: match.scoreE4 })
  }
  return hits
}

/**
 * Tells whether a word that announces a number ends shortly before an offset. Offsets must ascend: the
 * words are read once, along with the candidates.
 */
function createAnnouncements(text: string): (offset: number) => boolean {
  const words = text.matchAll(ANNOUNCEMENT)
  let upcoming = words.next()
  let lastEnd = Number.NEGATIVE_INFINITY
  return (offset) => {
    while (!upcoming.done && upcoming.value.index < offset) {
      lastEnd = upcoming.value.index + upcoming.value[0].length
      upcoming = words.next()
    }
    return offset - lastEnd <= ANNOUNCED_WITHIN
  }
}

function recognize(
  written: string,
  context: Context,
  validators: IdentifierValidators,
): Match | undefined {
  const international = /^(?:\+|\(?00)/.test(written)
    ? longest(written, (part) => validators.isInternationalPhone(part.replace(/^\(?00/, '+')))
    : undefined
  if (international) return { length: international, rule: 'pii.phone.e164', scoreE4: 9_500 }
  if (DATE.test(written)) return undefined
  const isAnnounced = context.isAnnounced()
  if (!isAnnounced && (!isWrittenLikePhone(written) || context.isLabelled())) return undefined
  const national = longest(written, (part) => isNational(part, validators))
  if (!national) return undefined
  return isAnnounced
    ? { length: national, rule: 'pii.phone.announced', scoreE4: 8_500 }
    : { length: national, rule: 'pii.phone.national', scoreE4: 6_000 }
}

function isNational(part: string, { isNationalPhone }: IdentifierValidators): boolean {
  const digits = part.replace(/\D/g, '')
  return digits.length >= MIN_DIGITS && isNationalPhone(digits)
}

/**
 * A trunk zero and several groups (`0171 234 56 78`, `06 12 34 56 78`, `030/901820`), an area code in
 * parentheses, or the North American groups. Not: `0.5`, `0-1`, one long number, a US social security number.
 */
function isWrittenLikePhone(written: string): boolean {
  const digits = written.replace(/\D/g, '').length
  if (digits < 8 || digits > 13 || /^\d{3}-\d{2}-\d{4}$/.test(written)) return false
  if (/^\(\d{2,5}\)[ -]?\d{2,}/.test(written)) return true
  if (/^\d{3}([-.])\d{3}\1\d{4}$/.test(written)) return true
  return /^0[1-9]\d{0,3}(?:[ /-]| [-/] )\d{2,}/.test(written) && !/[.,]/.test(written)
}

/** Length of the longest beginning, cut at group ends, that is a number. */
function longest(written: string, isNumber: (part: string) => boolean): number | undefined {
  let part = written
  for (let cut = 0; cut <= MAX_CUTS && part.length > 0; cut++) {
    if (isNumber(part)) return part.length
    part = part.replace(/[^\d]*\d+$/, '')
  }
  return undefined
}
