import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Documents, questions, and which documents answer which question. */
export interface LabelledSet {
  /** Ends with the language, ISO 639-1: `xquad_de`. */
  readonly name: string
  readonly corpus: readonly { readonly id: string; readonly title: string; readonly text: string }[]
  readonly queries: readonly { readonly id: string; readonly text: string }[]
  /** Query id → ids of the documents that answer it; at least one. */
  readonly relevant: ReadonlyMap<string, ReadonlySet<string>>
}

const FILES = ['corpus.jsonl', 'queries.jsonl', 'qrels.tsv']

/**
 * Every folder that holds `corpus.jsonl` (`id`, `title`, `text`), `queries.jsonl` (`id`, `text`) and
 * `qrels.tsv` (query, document, grade; grade 0 is not relevant). Queries without a relevant document
 * are left out. Throws for a line that is not of this shape.
 */
export function readSets(folder: string): LabelledSet[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .filter((name) => FILES.every((file) => existsSync(join(folder, name, file))))
    .map((name) => readSet(folder, name))
}

function readSet(folder: string, name: string): LabelledSet {
  const lines = (file: string) =>
    readFileSync(join(folder, name, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  const rows = <K extends string>(file: string, keys: readonly K[]) =>
    lines(file).map((line, at) => readRow(line, keys, `${name}/${file}:${at + 1}`))
  const relevant = new Map<string, Set<string>>()
  for (const line of lines('qrels.tsv')) {
    const [query = '', document = '', grade] = line.split('\t')
    if (grade === '0') continue
    relevant.set(query, (relevant.get(query) ?? new Set()).add(document))
  }
  return {
    name,
    corpus: rows('corpus.jsonl', ['id', 'title', 'text']),
    queries: rows('queries.jsonl', ['id', 'text']).filter(({ id }) => relevant.has(id)),
    relevant,
  }
}

function readRow<K extends string>(
  line: string,
  keys: readonly K[],
  place: string,
): Record<K, string> {
  const row = JSON.parse(line) as Partial<Record<K, unknown>>
  if (!keys.every((key) => typeof row[key] === 'string')) {
    throw new Error(`${place} lacks one of the texts ${keys.join(', ')}`)
  }
  return row as Record<K, string>
}
