/**
 * How well and how fast passages are found without an embedding model, beside a plain BM25 and the npm
 * library minisearch with its default settings, on the same passages in the same run. docs/retrieval.md
 * explains the tables.
 *
 *   npm run bench:retrieval -- [folder] [--quality] [--speed] [--chunks 10000,100000] [--seed 1]
 *
 * `folder` holds the labelled sets (default ../shared/data/retrieval); they are no part of the
 * repository. Without --quality and --speed both are measured.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchQuality, benchSources } from './retrieval-quality.js'
import { readSets } from './retrieval-sets.js'
import { benchSpeed } from './retrieval-speed.js'

const DEFAULT_FOLDER = fileURLToPath(new URL('../../../shared/data/retrieval', import.meta.url))

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quality: { type: 'boolean', default: false },
      speed: { type: 'boolean', default: false },
      chunks: { type: 'string', default: '10000,100000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const chunks = values.chunks.split(',').map(Number)
  const seed = Number(values.seed)
  if (![...chunks, seed].every((value) => Number.isInteger(value) && value > 0)) {
    throw new Error('--chunks takes whole numbers above 0, separated by commas; --seed takes one')
  }
  const both = values.quality === values.speed
  return { ...values, both, chunks, seed, folder: positionals[0] }
}

/** Returns the exit code: nothing to measure is no failure, unless a folder was named. */
async function run(): Promise<number> {
  const { folder = DEFAULT_FOLDER, ...options } = readOptions()
  const sets = readSets(folder)
  if (sets.length === 0) {
    process.stderr.write(
      `No labelled set in ${folder}: each is a folder with corpus.jsonl, queries.jsonl and qrels.tsv.\n` +
        `Name another place: npm run bench:retrieval -- ${join('path', 'to', 'sets')}\n`,
    )
    return folder === DEFAULT_FOLDER ? 0 : 2
  }
  if (options.both || options.quality) {
    await benchQuality(sets)
    await benchSources(sets)
  }
  if (options.both || options.speed) await benchSpeed(sets, options)
  return 0
}

run().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
