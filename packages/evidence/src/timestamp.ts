const FORM = '0000-00-00T00:00:00.000000Z'
const ZERO = 48
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * `2026-11-23T10:15:30.123456Z`: exactly six digits and Z, years 0001 to 9999, no second 60, a day
 * that exists. All have the same length, so text order is time order and no Date is needed.
 */
export function isTimestamp(text: string): boolean {
  if (!hasForm(text)) return false
  const [year, month, day] = [100 * pair(text, 0) + pair(text, 2), pair(text, 5), pair(text, 8)]
  if (pair(text, 11) > 23 || pair(text, 14) > 59 || pair(text, 17) > 59) return false
  return year > 0 && day > 0 && day <= daysIn(year, month)
}

/** Digits where FORM has a zero, else its own characters. By hand: every record has two of them. */
function hasForm(text: string): boolean {
  if (text.length !== FORM.length) return false
  for (let at = 0; at < FORM.length; at += 1) {
    const difference = text.charCodeAt(at) - FORM.charCodeAt(at)
    const isDigit = difference >= 0 && difference <= 9 && FORM.charCodeAt(at) === ZERO
    if (difference !== 0 && !isDigit) return false
  }
  return true
}

/** The number that two digits make. */
function pair(text: string, at: number): number {
  return 10 * (text.charCodeAt(at) - ZERO) + text.charCodeAt(at + 1) - ZERO
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0)
}
