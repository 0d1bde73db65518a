import type { LabelledSet } from './retrieval-sets.js'

/** Of a document, so that a hundred thousand passages come from a few hundred documents. */
const PARAGRAPHS = 300
const PARAGRAPH_CHARACTERS = 1_000
const SENTENCE = /(?<=[.!?;])\s+/u

export interface LargeDocument {
  readonly name: string
  readonly text: string
}

/**
 * Endless documents of paragraphs whose sentences are drawn from one set each, in turn. The same seed
 * gives the same documents.
 */
export function* recombine(sets: readonly LabelledSet[], seed: number): Generator<LargeDocument> {
  const random = mulberry32(seed)
  const sentences = sets.map(({ corpus }) =>
    corpus.flatMap(({ text }) => text.split(SENTENCE).filter((sentence) => sentence !== '')),
  )
  for (let n = 0; ; n += 1) {
    const from = sentences[n % sentences.length] ?? []
    const paragraphs = Array.from({ length: PARAGRAPHS }, () => {
      let paragraph = ''
      while (paragraph.length < PARAGRAPH_CHARACTERS) {
        paragraph += `${from[Math.floor(random() * from.length)] ?? ''} `
      }
      return paragraph.trim()
    })
    yield { name: `report-${n}.txt`, text: paragraphs.join('\n\n') }
  }
}

/** Questions of all sets in turn, without end before `count`; the same for every size. */
export function drawQueries(sets: readonly LabelledSet[], count: number, seed: number): string[] {
  const random = mulberry32(seed)
  return Array.from({ length: count }, (_, n) => {
    const queries = sets[n % sets.length]?.queries ?? []
    return queries[Math.floor(random() * queries.length)]?.text ?? ''
  })
}

/** Numbers from 0 to below 1, by Tommy Ettinger's mulberry32: small, and the same everywhere. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
