/** Longer ones are taken apart at semicolons, then cut between words: a quotation is for reading. */
const MAX_CHARACTERS = 700
const MIN_CHARACTERS = 12

/** After these a full stop does not end a sentence. */
const ABBREVIATION =
  /(?:^|[\s(])(?:art|arts|no|nr|núm|par|para|abs|lit|z\.b|e\.g|i\.e|cf|vgl|bzw|ca|etc|dr|prof|mr|mrs|ms|sr|sig|st|vs|p|pp|s|ust|pkt|tj|np|\p{L})\.$/iu

/** Sentences of a passage in order, blanks collapsed; marks of headings and fragments left out. */
export function sentencesOf(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap(ofParagraph)
}

function ofParagraph(paragraph: string): string[] {
  const flat = paragraph
    .replace(/^\s*#+\s*/, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  const sentences: string[] = []
  let pending = ''
  for (const part of flat.split(/(?<=[.!?…])\s+(?=[\p{Lu}\p{N}"“„«(])/u)) {
    pending = pending ? `${pending} ${part}` : part
    // "3." before a paragraph, "Art." before a number: the sentence goes on.
    if (ABBREVIATION.test(pending) || /^\(?\w{1,3}[.)]$/.test(pending)) continue
    sentences.push(pending)
    pending = ''
  }
  if (pending) sentences.push(pending)
  return sentences.flatMap(takeApart).filter(({ length }) => length >= MIN_CHARACTERS)
}

function takeApart(sentence: string): string[] {
  if (sentence.length <= MAX_CHARACTERS) return [sentence]
  return sentence.split(/(?<=;)\s+/).map(shorten)
}

function shorten(sentence: string): string {
  if (sentence.length <= MAX_CHARACTERS) return sentence
  const end = sentence.lastIndexOf(' ', MAX_CHARACTERS)
  return `${sentence.slice(0, end > 0 ? end : MAX_CHARACTERS)} …`
}
