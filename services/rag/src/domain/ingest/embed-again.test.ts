import { AppError, uuidv7 } from '@lexcustis/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StoredChunk } from '../document.js'
import type { Embedder, Embedding } from '../embedder.js'
import type { IndexEntry } from '../passage-index.js'
import { addToIndex } from './add-to-index.js'
import { embedAgain } from './embed-again.js'
import { type Claim, type ClaimedDocument, ClaimLost } from './work.js'

const never = new AbortController().signal
const claim: Claim = { owner: uuidv7(), documentId: uuidv7(), attempt: 9 }
const document = (state: ClaimedDocument['state']): ClaimedDocument => ({
  name: 'handbook.md',
  mediaType: 'text/markdown',
  sizeBytes: 1,
  version: 1,
  language: 'en',
  datedAt: undefined,
  state,
})
const chunks = (count: number): StoredChunk[] =>
  Array.from({ length: count }, (_, ordinal) => ({
    id: uuidv7(),
    ordinal,
    headingPath: ['Holidays'],
    start: ordinal,
    end: ordinal + 1,
    page: 0,
    text: `Passage ${ordinal}`,
  }))

/** The length of a text is its embedding; fails with what `failure` holds. */
class LengthEmbedder implements Embedder {
  readonly model = 'length@1'
  readonly dimensions = 1
  readonly calls: string[][] = []
  failure: Error | undefined
  failAfter = 0

  async embed(texts: readonly string[]): Promise<Embedding[]> {
    this.calls.push([...texts])
    if (this.failure && this.calls.length > this.failAfter) throw this.failure
    return texts.map(({ length }) => ({ dense: new Float32Array([length]), sparse: undefined }))
  }
}

const world = (stored: StoredChunk[], state: ClaimedDocument['state'] = 'ready') => {
  const entries = new Map<string, IndexEntry>()
  const log: string[] = []
  let isOutdated = true
  const work = {
    claimOutdated: async (_: number, model: string) => {
      log.push(`claim ${model}`)
      return isOutdated ? claim : undefined
    },
    open: async (): Promise<ClaimedDocument | undefined> => document(state),
    readChunks: async (_: Claim, from: number, limit: number) => stored.slice(from, from + limit),
    renew: async () => undefined,
    setProgress: async (_: Claim, count: number) => void log.push(`progress ${count}`),
    setReady: async (_: Claim, count: number, model: string) => {
      isOutdated = false
      log.push(`ready ${count} ${model}`)
      return undefined
    },
    release: async (_: Claim, delayMs: number) => void log.push(`release ${delayMs}`),
    setFailed: async () => void log.push('failed'),
  }
  const index = {
    add: async (_: string, added: readonly IndexEntry[]) => {
      for (const entry of added) entries.set(entry.chunkId, entry)
    },
    commit: async () => void log.push('commit'),
    remove: async () => void log.push('remove'),
  }
  return { entries, log, work: work as never, index: index as never, store: work }
}

describe('adding to the index', () => {
  test('embeds what a passage is found by: title, headings and text', async () => {
    const stored = chunks(70)
    const { work, index, entries, log } = world(stored)
    const embedder = new LengthEmbedder()
    const added = await addToIndex({ work, index, embedder }, claim, document('embedding'), never)
    expect(added).toEqual({ chunkCount: 70, embeddingModel: 'length@1' })
    expect(embedder.calls.map(({ length }) => length)).toEqual([64, 6])
    expect(embedder.calls[0]?.[0]).toBe('handbook\nHolidays\nPassage 0')
    expect(entries.get(stored[69]!.id)).toMatchObject({
      language: 'en',
      embedding: { dense: new Float32Array(['handbook\nHolidays\nPassage 69'.length]) },
    })
    expect(log).toEqual(['progress 64', 'progress 70'])
  })

  test('of a new document goes on without embeddings when the model does not answer', async () => {
    const { work, index, entries } = world(chunks(200))
    const embedder = new LengthEmbedder()
    embedder.failure = new AppError('UNAVAILABLE', 'gone')
    embedder.failAfter = 1
    const added = await addToIndex({ work, index, embedder }, claim, document('embedding'), never)
    expect(added).toEqual({ chunkCount: 200, embeddingModel: '' })
    expect(embedder.calls).toHaveLength(2)
    const embedded = [...entries.values()].filter(({ embedding }) => embedding !== undefined)
    expect([embedded.length, entries.size]).toEqual([64, 200])
  })

  test.each([new AppError('CANCELLED', 'stop'), new Error('a bug')])(
    'fails with %s, which is no outage of the model',
    async (failure) => {
      const { work, index } = world(chunks(3))
      const embedder = new LengthEmbedder()
      embedder.failure = failure
      await expect(
        addToIndex({ work, index, embedder }, claim, document('embedding'), never),
      ).rejects.toBe(failure)
    },
  )
})

describe('embedding again', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const start = (made: ReturnType<typeof world>, embedder: Embedder) => {
    const faults: unknown[] = []
    const run = embedAgain({
      ...made,
      embedder,
      leaseMs: 60_000,
      onEmbedded: () => made.log.push('embedded'),
      onFault: (_, error) => faults.push(error),
    })
    return { run, faults }
  }

  test('replaces entries and never removes any: the document can be found all the time', async () => {
    const made = world(chunks(3))
    const { run } = start(made, new LengthEmbedder())
    expect(await run(never)).toBe(1)
    expect(await run(never)).toBe(0)
    expect(made.log).toEqual([
      'claim length@1',
      'progress 3',
      'commit',
      'ready 3 length@1',
      'embedded',
      'claim length@1',
    ])
    expect(made.entries.size).toBe(3)
  })

  test('rests for a minute after a failure, and fails no document, whatever the attempt', async () => {
    const made = world(chunks(3))
    const embedder = new LengthEmbedder()
    embedder.failure = new AppError('UNAVAILABLE', 'gone')
    const { run, faults } = start(made, embedder)
    expect(await run(never)).toBe(1)
    expect(await run(never)).toBe(0)
    expect(faults).toEqual([embedder.failure])
    expect(made.log).toEqual(['claim length@1', 'release 60000'])
    expect(made.entries.size).toBe(0)
    embedder.failure = undefined
    vi.setSystemTime(Date.now() + 60_001)
    expect(await run(never)).toBe(1)
    expect(made.log.at(-1)).toBe('embedded')
  })

  test('gives the document back when the service stops, and drops one that was deleted', async () => {
    const made = world(chunks(3))
    const stop = new AbortController()
    const embedder = new LengthEmbedder()
    embedder.embed = async () => {
      stop.abort()
      throw new AppError('CANCELLED', 'stop')
    }
    const { run, faults } = start(made, embedder)
    expect(await run(stop.signal)).toBe(1)
    expect(made.log).toEqual(['claim length@1', 'release 0'])
    made.store.open = async () => undefined
    expect(await run(never)).toBe(1)
    made.store.open = async () => {
      throw new ClaimLost()
    }
    expect(await run(never)).toBe(1)
    expect(faults).toEqual([])
    expect(made.log.filter((line) => line.startsWith('release'))).toEqual(['release 0'])
  })
})
