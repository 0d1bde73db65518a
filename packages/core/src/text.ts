/** Whether text can be stored and hashed: no U+0000 and no half of a surrogate pair. */
export function isWellFormedText(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text)
}
