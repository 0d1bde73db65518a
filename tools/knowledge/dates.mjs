const MONTHS =
  'january february march april may june july august september october november december'.split(' ')
const FORMS = [
  /(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?!\d)/,
  /(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})(?!\d)/,
  /(?<day>\d{1,2}) (?<name>[A-Za-z]+) (?<year>\d{4})(?!\d)/,
  /(?<!\d)(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?!\d)/,
]

/**
 * The first date in a text as `YYYY-MM-DD`, or undefined. Understood are 2026-07-27, 27.7.2026,
 * 27 July 2026 and 20260727, which are the ways EUR-Lex and its copies write them.
 * @param {string | undefined} text
 * @returns {string | undefined}
 */
export function findDate(text) {
  for (const form of FORMS) {
    const date = toDate(form.exec(text ?? '')?.groups)
    if (date) return date
  }
  return undefined
}

function toDate(parts) {
  if (!parts) return undefined
  const month = parts.name ? MONTHS.indexOf(parts.name.toLowerCase()) + 1 : Number(parts.month)
  const written = `${parts.year}-${String(month).padStart(2, '0')}-${parts.day.padStart(2, '0')}`
  return isDate(written) ? written : undefined
}

/**
 * Whether a text is a day of the calendar as `YYYY-MM-DD`.
 * @param {unknown} text
 */
export function isDate(text) {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}
