import type { BiasTerms } from '../meanings.js'
import { DUTCH } from './dutch.js'
import { ENGLISH } from './english.js'
import { FRENCH } from './french.js'
import { GERMAN } from './german.js'
import { ITALIAN } from './italian.js'
import { POLISH } from './polish.js'
import { PORTUGUESE } from './portuguese.js'
import { SPANISH } from './spanish.js'

/**
 * Chosen by hand from general knowledge of each language; no word list of others was copied. Words that
 * are mostly used without contempt are left out: a finding on an ordinary answer costs more than a miss.
 */
export const BIAS_TERMS: readonly BiasTerms[] = [
  ENGLISH,
  GERMAN,
  FRENCH,
  SPANISH,
  ITALIAN,
  DUTCH,
  POLISH,
  PORTUGUESE,
]
