const SPECIAL = ['<s>', '<pad>', '</s>', '<unk>']
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?()-\'"/'
const ACCENTED = 'äöüßéèàçñåøąęłżš'
const GREEK = 'αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ'
const CHINESE = '人工智能系统的风险管理数据法律欧盟条例'
const PIECES = [
  ...['the', 'and', 'of', 'to', 'in', 'is', 'risk', 'system', 'data', 'day', 'holiday'],
  ...['must', 'report', 'incident', 'provider', 'law', 'article', 'model', 'holi', 'days'],
].map((word) => `▁${word}`)
const ENDINGS = ['ing', 'ed', 'er', 'tion', 'ment', 's', 'en', 'th', 'an', 'in', 're', 'on']

/** Pieces with their log probabilities: the longer, the cheaper per letter. */
function vocabulary(): [string, number][] {
  const letters = [...new Set(Array.from(`▁${LETTERS}${ACCENTED}${GREEK}${CHINESE}`))]
  const pieces = [...new Set([...PIECES, ...ENDINGS])].filter((piece) => !letters.includes(piece))
  return [
    ...SPECIAL.map((token): [string, number] => [token, 0]),
    ...letters.map((letter, at): [string, number] => [letter, -6 - at / 1_000]),
    ...pieces.map((piece, at): [string, number] => [piece, -7 - at / 1_000]),
    ['<mask>', 0],
  ]
}

export const VOCABULARY_SIZE = vocabulary().length

/** A Unigram tokenizer in the format of Hugging Face, put together as that of XLM-RoBERTa. */
export function tokenizerJson(): unknown {
  const vocab = vocabulary()
  const added = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: content === '<mask>',
    rstrip: false,
    normalized: false,
    special: true,
  })
  const special = (content: string, id: number) => ({ id: content, ids: [id], tokens: [content] })
  const sequence = (id: 'A' | 'B') => ({ Sequence: { id, type_id: 0 } })
  const start = { SpecialToken: { id: '<s>', type_id: 0 } }
  const end = { SpecialToken: { id: '</s>', type_id: 0 } }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      ...SPECIAL.map((content, id) => added(id, content)),
      added(vocab.length - 1, '<mask>'),
    ],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [start, sequence('A'), end],
      pair: [start, sequence('A'), end, end, sequence('B'), end],
      special_tokens: { '<s>': special('<s>', 0), '</s>': special('</s>', 2) },
    },
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    model: { type: 'Unigram', unk_id: 3, vocab, byte_fallback: false },
  }
}
