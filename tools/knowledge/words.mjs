// Words of EUR-Lex in its languages, without accents and in lower case.

/** Types of acts, by their letter in a CELEX number. */
const TYPES = [
  [
    'R',
    'regulation|verordnung|reglement|reglamento|regolamento|verordening|regulamento|regulamentul|rozporzadzenie|narizeni|nariadenie|uredba|rendelet|rendelete|reglamentas|regula|maarus|asetus|forordning|kanonismos|κανονισμοσ|регламент|regolament|rialachan',
  ],
  [
    'L',
    'directive|richtlinie|directiva|direttiva|richtlijn|diretiva|directiva|dyrektywa|smernice|smernica|direktiva|iranyelv|iranyelve|direktyva|direktiiv|direktiivi|direktiv|οδηγια|директива|direttiva|treoir',
  ],
  [
    'D',
    'decision|beschluss|entscheidung|decisione|besluit|decisao|decizia|decyzja|rozhodnuti|rozhodnutie|sklep|odluka|hatarozat|hatarozata|sprendimas|lemums|otsus|paatos|afgorelse|beslut|αποφαση|решение|decizjoni|cinneadh',
  ],
].map(([letter, words]) => [letter, new RegExp(`(?<!\\p{L})(?:${words})(?!\\p{L})`, 'u')])

/** Parts of an act, outermost first. */
const DIVISIONS = [
  'part|teil|partie|parte|deel|del|czesc|cast|dio|resz|dalis|dala|osa|μεροσ|част',
  'title|titel|titre|titulo|titolo|titlu|titlul|tytul|hlava|naslov|cim|antrastine|jaotis|osasto|afsnit|avdelning|τιτλοσ|дял',
  'chapter|kapitel|chapitre|capitulo|capo|capitolo|capitolul|hoofdstuk|rozdzial|kapitola|poglavje|poglavlje|fejezet|skyrius|nodala|peatukk|luku|κεφαλαιο|глава',
  'section|abschnitt|seccion|sezione|seccao|sectiunea|afdeling|sekcja|oddil|oddiel|oddelek|odjeljak|szakasz|skirsnis|iedala|jagu|jakso|avsnitt|τμημα|раздел',
].map((words) => new RegExp(`^(?:${words})(?!\\p{L})|(?<!\\p{L})(?:${words})$`, 'u'))

/** What an annex is called. */
const ANNEX =
  /^(?:annex|anhang|annexe|anexo|allegato|bijlage|anexa|zalacznik|priloha|priloga|prilog|melleklet|priedas|pielikums|lisa|liite|bilag|bilaga|παραρτημα|приложение|anness|iarscribhinn)(?!\p{L})/u

/** @type {Readonly<Record<string, string>>} */
const RECITAL = {
  bg: 'Съображение',
  cs: 'Bod odůvodnění',
  da: 'Betragtning',
  de: 'Erwägungsgrund',
  el: 'Αιτιολογική σκέψη',
  en: 'Recital',
  es: 'Considerando',
  fi: 'Johdanto-osan kappale',
  fr: 'Considérant',
  hr: 'Uvodna izjava',
  it: 'Considerando',
  nl: 'Overweging',
  pl: 'Motyw',
  pt: 'Considerando',
  ro: 'Considerentul',
  sv: 'Skäl',
}

/** @param {string} text */
export function fold(text) {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('ς', 'σ')
}

/**
 * R, L or D, as in a CELEX number; undefined when no word names the type of act.
 * @param {string} text
 */
export function actTypeOf(text) {
  const folded = fold(text).replaceAll('ł', 'l')
  const found = TYPES.map(([letter, words]) => ({ letter, at: folded.search(words) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
  return found[0]?.letter
}

/**
 * How far out a part of an act stands: 0 for a part, 3 for a section. Chapters are what is likeliest.
 * @param {string} label
 */
export function divisionRank(label) {
  const folded = fold(label).replaceAll('ł', 'l').trim()
  const rank = DIVISIONS.findIndex((words) => words.test(folded))
  return rank < 0 ? 2 : rank
}

/** @param {string} label */
export function isAnnexLabel(label) {
  return ANNEX.test(fold(label).replaceAll('ł', 'l').trim())
}

/** @param {string} language ISO 639-1 */
export function recitalLabel(language, number) {
  return `${RECITAL[language] ?? RECITAL.en} ${number}`
}

/**
 * ISO 639-1 of a label that only one language has; undefined otherwise.
 * @param {string} label for example `Erwägungsgrund 12`
 */
export function languageOfRecital(label) {
  const found = Object.entries(RECITAL).filter(([, word]) => label.startsWith(`${word} `))
  return found.length === 1 ? found[0]?.[0] : undefined
}
