import { eld } from 'eld/small'

/** Enough to tell a language by; more would only take longer. */
const SAMPLE_CHARS = 20_000

/** ISO 639-1 of a text's beginning; empty when it cannot be told. */
export function languageOf(text: string): string {
  const found = eld.detect(text.slice(0, SAMPLE_CHARS))
  return found.isReliable() ? found.language : ''
}
