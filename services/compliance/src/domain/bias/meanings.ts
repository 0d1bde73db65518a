/** What words can mean for discriminating language; rules are sequences of these. */
export type BiasMeaning =
  /** A word whose only use is to demean people for what they are. */
  | 'slur'
  /** Slurs that are also ordinary words: they count only next to "you", "those" … */
  | 'ambiguous_slur'
  /** Persons with a protected characteristic (Charter of Fundamental Rights, Art. 21). */
  | 'group'
  /** vermin, scum, disease */
  | 'dehumanising'
  /** stupid, lazy, criminal, inferior */
  | 'trait'
  /** all, every, typical */
  | 'every'
  | 'these'
  /** are, is, remain */
  | 'are'
  /** should, must, deserve to */
  | 'should'
  /** kill, exterminate, gas */
  | 'violence'
  /** killed, deported: what is done to somebody */
  | 'suffer'
  /** hate, despise, can't stand */
  | 'hate'
  /** do not belong, have no rights */
  | 'excluded'
  /** not, never */
  | 'not'
  /** you */
  | 'you'

export type BiasTerms = Readonly<Partial<Record<BiasMeaning, string>>>
