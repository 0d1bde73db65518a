/** Words that ask or connect and say nothing about the subject, in the languages we serve. */
const EMPTY_WORDS = new Set(
  `a about after all also am an and any are as at be been before but by can could did do does each for
   from had has have how i if in into is it its may me must my no not of on or our shall should so than
   that the their them then there these they this those to under was we were what when where which
   while who whom whose why will with within would you your
   aber als am an auch auf aus bei bis da das dass dem den der des die durch ein eine einem einen einer
   eines er es fur hat haben ich ihr im in ist kann mit muss mussen nach nicht oder sich sie sind so
   uber um und unter von vor wann warum was welche welchem welchen welcher welches wenn wer werden wie
   wird wo zu zum zur
   au aux avec ce ces cette comme comment dans de depuis des doit doivent du elle en est et etre il ils
   la le les leur mais ne nous ou par pas pour pourquoi quand que quel quelle quelles quels qui quoi
   sa sans se ses son sont sous sur un une vous
   al alla alle allo anche che chi come con cosa cui da dai dal dalla deve devono di dove e ed entro
   essere gli i il io la le lo ma nei nel nella non o per perche piu qual quale quali quando sia sono
   su sul sulla tra un una uno
   como cual cuales cuando de debe deben del desde donde el ella en entre es esta este la las lo los
   mas no para pero por porque que quien se segun ser sin sobre su sus un una y
   ao aos as com da das de deve do dos e em entre na nas no nos o os ou para pela pelo por qual quais
   quando que quem se sem ser sob sua um uma
   aan als bij dat de deze die dit door een en er het hij hoe ik in is kan maar met moet moeten naar
   niet of om onder ons op over te tot uit van voor waar waarom wanneer wat welke wie worden wordt zijn
   ale co czy dla do gdzie i ile jak jaka jaki jakie jest kiedy kto ktora ktore ktory lub ma na nad nie
   o od oraz po pod przed przez sa sie ten to w we z za ze`.split(/\s+/),
)

/** Small numbers in words, so that "two days", "2 days" and "zwei Tage" meet. */
const NUMBER_WORDS: readonly (readonly string[])[] = [
  ['one', 'eins', 'uno', 'jeden'],
  ['two', 'zwei', 'deux', 'due', 'dos', 'dois', 'duas', 'twee', 'dwa', 'dwie', 'dwoch'],
  ['three', 'drei', 'trois', 'tre', 'tres', 'drie', 'trzy', 'trzech'],
  ['four', 'vier', 'quatre', 'quattro', 'cuatro', 'quatro', 'cztery'],
  ['five', 'funf', 'cinq', 'cinque', 'cinco', 'vijf', 'piec'],
  ['six', 'sechs', 'sei', 'seis', 'zes', 'szesc'],
  ['seven', 'sieben', 'sept', 'sette', 'siete', 'sete', 'zeven', 'siedem'],
  ['eight', 'acht', 'huit', 'otto', 'ocho', 'oito', 'osiem'],
  ['nine', 'neun', 'neuf', 'nove', 'nueve', 'negen', 'dziewiec'],
  ['ten', 'zehn', 'dix', 'dieci', 'diez', 'dez', 'tien', 'dziesiec'],
  ['eleven', 'elf', 'onze', 'undici', 'once', 'jedenascie'],
  ['twelve', 'zwolf', 'douze', 'dodici', 'doce', 'doze', 'twaalf', 'dwanascie'],
]

const NUMBERS = new Map(
  NUMBER_WORDS.flatMap((words, index) => words.map((word) => [word, String(index + 1)] as const)),
)
for (const [word, value] of [
  ['fifteen', '15'],
  ['twenty', '20'],
  ['thirty', '30'],
  ['sixty', '60'],
  ['ninety', '90'],
] as const) {
  NUMBERS.set(word, value)
}

/** Inflection only, longest first; a shorter stem than four letters says too little. */
const ENDINGS =
  /(?:ations?|ements?|ingen|ungen|ings?|ies|ied|ung|eds?|ers?|ens?|es|e|s|n|y|i|o|a)$/u
const MIN_STEM = 4

/**
 * The words of a text that say something, in order: case and diacritics folded, numbers as digits,
 * endings cut. The same word in question and sentence gives the same term.
 */
export function termsOf(text: string): string[] {
  const folded = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ł', 'l')
    .replaceAll('ß', 'ss')
  const words = folded.match(/\d+(?:[.,]\d+)*|\p{L}+/gu) ?? []
  return words.flatMap((word) => {
    const number = NUMBERS.get(word)
    if (number) return [number]
    return EMPTY_WORDS.has(word) || /^\p{L}$/u.test(word) ? [] : [stem(word)]
  })
}

function stem(word: string): string {
  if (/^\d/.test(word)) return word.replaceAll(/[.,]/g, '')
  const cut = word.replace(ENDINGS, '')
  if (cut.length >= MIN_STEM) return cut
  // A short word loses a plural at most: "days", but not "dies".
  return word.length > 3 && /[^s]s$/.test(word) ? word.slice(0, -1) : word
}
