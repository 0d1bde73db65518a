/** Letters that look like Latin ones (a selection of Unicode's confusables, UTS #39). */
const LOOKALIKES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    a: 'аαɑ', b: 'ьβʙ', c: 'сϲᴄ', d: 'ԁɗ', e: 'еєεҽ', f: 'ғϝ', g: 'ɡԍɢ', h: 'һнʜ', i: 'іιɩɪ', j: 'јϳ',
    k: 'кκᴋ', l: 'ӏⅼʟ', m: 'мᴍ', n: 'ոпηɴ', o: 'оοσᴏօ', p: 'рρᴘ', q: 'ԛգ', r: 'гʀг', s: 'ѕꜱ', t: 'тτᴛ',
    u: 'υսᴜ', v: 'ѵνᴠ', w: 'ԝωᴡ', x: 'хχ', y: 'уүγʏ', z: 'ᴢʐ',
  }).flatMap(([latin, others]) => Array.from(others, (other) => [other, latin])),
) // prettier-ignore

const LEET: Readonly<Record<string, string>> = {
  '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', $: 's',
} // prettier-ignore

const PLAIN = /^[a-z]+$/
const LEET_WORD = /^(?=.*[a-z])(?=.*[\d@$])[a-z\d@$]{4,24}$/
const MAX_LENGTH = 32

/** Other readings of a folded word: lookalike letters as Latin ones, digits as letters. */
export function otherSpellings(word: string): readonly string[] {
  if (PLAIN.test(word) || word.length > MAX_LENGTH) return []
  const latin = Array.from(word, (letter) => LOOKALIKES[letter] ?? letter).join('')
  const spellings = latin === word ? [] : [latin]
  if (!LEET_WORD.test(latin)) return spellings
  const letters = Array.from(latin, (sign) => LEET[sign] ?? sign).join('')
  return [...spellings, letters, letters.replaceAll('i', 'l')]
}
