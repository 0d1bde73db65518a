const SPECIAL: Readonly<Record<string, string>> = {
  ß: 'ss',
  ς: 'σ',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  æ: 'ae',
  œ: 'oe',
}

/**
 * Lower case without diacritics, so that `Réglement`, `RÈGLEMENT` and `reglement` meet. Compatibility
 * forms (ligatures, full-width letters) are unfolded as UAX #15 NFKD does; letters that carry no
 * separable mark (ø, ł, ß) are spelt out.
 */
export function foldText(text: string): string {
  const lower = text.toLowerCase()
  // Most text of most languages is ASCII already once it is lower case.
  if (/^[\0-\x7f]*$/.test(lower)) return lower
  return (
    lower
      .normalize('NFKD')
      .replace(/\p{M}+/gu, '')
      // Unfolding brings out capitals that were hidden in symbols such as 🄐.
      .toLowerCase()
      .replace(/[ßςøđðłħıæœ]/g, (letter) => SPECIAL[letter] ?? letter)
  )
}
