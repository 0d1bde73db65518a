const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
/** What a page of EUR-Lex marks amendments with: `►M1 … ◄` in the text, `▼B` above it. */
const AMENDMENT_MARKS = / ?(?:[►▼] ?[A-Z]\d*|◄) ?/g
/** A note's call in brackets, as the Official Journal prints it. */
const CALLS = new RegExp(` ?\\( ?([*${SUPERSCRIPTS}]+) ?\\)| ([${SUPERSCRIPTS}]+)`, 'g')
/** Lines that Markdown would take for a heading, the line under one, or the edge of code. */
const MARKUP = /^(?=#{1,6}[ \t]|[=-]+[ \t]*$|`{3}|~{3})/

/**
 * One line of plain text: white space is one space, marks of amendments are gone.
 * @param {string} text
 */
export function tidy(text) {
  return text
    .normalize('NFC')
    .replaceAll(/[\u00ad\u200b\ufeff\0\p{Surrogate}]/gu, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(AMENDMENT_MARKS, spaceAround)
    .replaceAll(CALLS, (_, inBrackets, bare) => ` ${inBrackets ?? bare}`)
    .trim()
}

/** Nothing before a comma, a space between words. */
function spaceAround(mark, at, all) {
  return /[,;.:)]/.test(all[at + mark.length] ?? '') ? '' : ' '
}

/**
 * The call of a footnote, in raised digits: nothing that looks like the number of a source.
 * @param {string} number
 */
export function raise(number) {
  return [...number].map((digit) => SUPERSCRIPTS[Number(digit)] ?? digit).join('')
}

/** @param {string} line */
export function escapeMarkup(line) {
  return line.replace(MARKUP, '\\')
}
