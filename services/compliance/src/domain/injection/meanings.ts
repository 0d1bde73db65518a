/** What words can mean for an injection; rules are sequences of these, so one rule serves all languages. */
export type InjectionMeaning =
  /** ignore, forget, bypass … */
  | 'override'
  /** previous, above, initial … */
  | 'prior'
  /** all, any, every … */
  | 'all'
  /** your, the system's … */
  | 'your'
  /** instructions, rules, prompt … */
  | 'instruction'
  /** what the model was told, as a clause: "you were told" */
  | 'told'
  /** context, input, information: weaker than an instruction */
  | 'content'
  /** show, repeat, translate … */
  | 'reveal'
  /** what is, tell me … */
  | 'ask'
  /** system prompt, hidden instructions … */
  | 'system_prompt'
  /** password, key, credentials … */
  | 'secret'
  /** act as, pretend, you are now … */
  | 'persona'
  /** from now on, starting now … */
  | 'from_now'
  /** unfiltered, uncensored, jailbroken … */
  | 'unrestricted'
  /** without, no, never … */
  | 'without'
  /** restrictions, ethics, filters … */
  | 'limit'
  /** do anything now, developer mode: names of known jailbreaks */
  | 'jailbreak'
  /** refuse, decline, cannot … */
  | 'refuse'
  /** obey, comply, fulfil … */
  | 'obey'
  | 'must'
  /** warnings, disclaimers, apologies */
  | 'disclaimer'
  /** break character, stay in character */
  | 'character'
  /** openai, chatgpt, the developers … */
  | 'vendor'
  /** begin, start, prefix */
  | 'begin'
  /** response, answer, reply */
  | 'response'
  /** sure, of course, absolutely */
  | 'affirm'
  /** illegal, unethical, harmful */
  | 'harmful'
  /** regardless, no matter */
  | 'regardless'
  /** send, append, post */
  | 'send'
  /** conversation, chat history, user data */
  | 'conversation'
  /** parts of an address: http, www, com */
  | 'remote'
  /** two (different) … */
  | 'two'
  /** ways, responses, paragraphs */
  | 'way'
  /** new, updated, real */
  | 'new'
  /** hypothetical, fictional story */
  | 'fiction'

export type InjectionTerms = Readonly<Partial<Record<InjectionMeaning, string>>>
