import { cp, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { writeTinyModel } from '@lexcustis/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  createTokenCounter,
  type EmbedderOptions,
  ModelError,
  type OnnxEmbedder,
  openEmbedder,
} from '../src/index.js'

const CRASHING = new URL('./crashing-worker.mjs', import.meta.url)
const never = new AbortController().signal
const LONG = 'the provider must report the incident '.repeat(300)

let directory: string
let model: string
const opened: OnnxEmbedder[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lexcustis-onnx-worker-'))
  model = join(directory, 'model')
  await writeTinyModel(model)
})
afterEach(async () => {
  for (const embedder of opened.splice(0)) await embedder[Symbol.asyncDispose]()
})
afterAll(async () => rm(directory, { recursive: true, force: true }))

async function open(options: Partial<EmbedderOptions> = {}, worker?: URL): Promise<OnnxEmbedder> {
  const embedder = await openEmbedder({ modelDirectory: model, threads: 1, ...options }, worker)
  opened.push(embedder)
  return embedder
}

async function copy(name: string): Promise<string> {
  await cp(model, join(directory, name), { recursive: true })
  return join(directory, name)
}

describe('loading', () => {
  test('waits for the first use, or is done when asked for', async () => {
    const lazy = await open()
    expect(lazy.state).toBe('idle')
    await lazy.embed(['a'], never)
    expect(lazy.state).toBe('ready')
    const warm = await open()
    await warm.warmUp()
    expect(warm.state).toBe('ready')
  })

  test('leaves the event loop to others', async () => {
    const embedder = await open()
    await embedder.warmUp()
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await embedder.embed(Array(200).fill(LONG) as string[], never)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
  })
})

describe('a model that cannot be used', () => {
  test('is refused when opened: no folder, no model, no tokenizer, another architecture', async () => {
    await expect(open({ modelDirectory: join(directory, 'nowhere') })).rejects.toThrow(
      /config\.json cannot be read \(ENOENT\)/,
    )
    const noModel = await copy('no-model')
    await rm(join(noModel, 'model.onnx'))
    await expect(open({ modelDirectory: noModel })).rejects.toThrow(/no model\.onnx.*models:pull/)
    const noTokenizer = await copy('no-tokenizer')
    await writeFile(join(noTokenizer, 'tokenizer.json'), '{"model": 1}')
    await expect(open({ modelDirectory: noTokenizer })).rejects.toThrow(/tokenizer\.json/)
    await expect(createTokenCounter(noTokenizer)).rejects.toBeInstanceOf(ModelError)
    const other = await copy('other')
    await writeFile(join(other, 'config.json'), '{"hidden_size": 32}')
    await expect(open({ modelDirectory: other })).rejects.toThrow(/pad_token_id.*XLM-RoBERTa/)
  })

  test('is refused when loaded: cut off, without a dense output, of another size', async () => {
    const cut = await copy('cut')
    await truncate(join(cut, 'model.onnx'), 5_000)
    const embedder = await open({ modelDirectory: cut })
    await expect(embedder.warmUp()).rejects.toThrow(/fetch it again/)
    expect(embedder).toMatchObject({ state: 'failed', failure: expect.any(ModelError) as unknown })
    await expect(embedder.embed(['a'], never)).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      retryAfterMs: expect.any(Number) as unknown,
    })

    const sparseOnly = join(directory, 'sparse-only')
    await writeTinyModel(sparseOnly, { outputs: ['sparse_vecs'] })
    await expect((await open({ modelDirectory: sparseOnly })).warmUp()).rejects.toThrow(
      /outputs are sparse_vecs float32\[batch, sequence, 1\]/,
    )
    const resized = await copy('resized')
    const config = { hidden_size: 64, vocab_size: 300, pad_token_id: 1 }
    await writeFile(
      join(resized, 'config.json'),
      JSON.stringify({ ...config, max_position_embeddings: 98 }),
    )
    await expect((await open({ modelDirectory: resized })).warmUp()).rejects.toThrow(
      /64 float32 numbers/,
    )
  })
})

describe('calls', () => {
  test('beyond what may wait are told to come back; what is too long for any is refused', async () => {
    const embedder = await open({ maxWaitingLength: 20 })
    const first = embedder.embed(['0123456789'], never)
    const second = embedder.embed(['0123456789'], never)
    await expect(embedder.embed(['x'], never)).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      retryAfterMs: 1_000,
    })
    expect(await Promise.all([first, second])).toHaveLength(2)
    expect(await embedder.embed(['x'], never)).toHaveLength(1)
    await expect(embedder.embed(['x'.repeat(21)], never)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
    })
  })

  test('that are cancelled end at once and leave room for others', async () => {
    const embedder = await open({ maxWaitingLength: 20_000_000 })
    const stop = new AbortController()
    const long = embedder.embed(Array(1_000).fill(LONG) as string[], stop.signal)
    stop.abort()
    await expect(long).rejects.toMatchObject({ reason: 'CANCELLED' })
    await expect(embedder.embed(['a'], stop.signal)).rejects.toMatchObject({ reason: 'CANCELLED' })
    expect(await embedder.embed(['a'], never)).toHaveLength(1)
  })

  test('that are short do not wait for all of a long one', async () => {
    const embedder = await open({ batchTokens: 96 })
    const order: string[] = []
    const long = embedder.embed(Array(100).fill(LONG) as string[], never)
    const short = embedder.embed(['a question'], never)
    await Promise.all([long.then(() => order.push('long')), short.then(() => order.push('short'))])
    expect(order).toEqual(['short', 'long'])
  })

  test('of a worker that crashes fail, and another worker takes over after a while', async () => {
    const embedder = await open({}, CRASHING)
    const [before] = await embedder.embed(['the risk'], never)
    const hit = [embedder.embed(['crash'], never), embedder.embed(['the risk'], never)]
    for (const result of await Promise.allSettled(hit)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'UNAVAILABLE' } })
    }
    expect(embedder.state).toBe('failed')
    const refused = (await embedder
      .embed(['the risk'], never)
      .catch((error: unknown) => error)) as {
      retryAfterMs: number
    }
    await setTimeout(refused.retryAfterMs + 1)
    const [after] = await embedder.embed(['the risk'], never)
    expect(after).toEqual(before)
    expect(embedder).toMatchObject({ state: 'ready', failure: undefined })
  })

  test('fail when the files were exchanged under a worker that has to start again', async () => {
    const exchanged = await copy('exchanged')
    const embedder = await open({ modelDirectory: exchanged }, CRASHING)
    await writeTinyModel(exchanged, { seed: 7 })
    await expect(embedder.embed(['crash'], never)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    const refused = (await embedder.embed(['a'], never).catch((error: unknown) => error)) as {
      retryAfterMs: number
    }
    await setTimeout(refused.retryAfterMs + 1)
    await expect(embedder.warmUp()).rejects.toThrow(/changed while in use/)
    await expect(embedder.embed(['a'], never)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })

  test('fail once it is closed, those under way as well', async () => {
    const embedder = await open()
    const running = embedder.embed(Array(300).fill(LONG) as string[], never)
    const failed = expect(running).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    await embedder[Symbol.asyncDispose]()
    await failed
    await expect(embedder.embed(['a'], never)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })
})

test('tokens are counted as they are embedded, also of texts cut into pieces', async () => {
  const count = await createTokenCounter(model)
  expect(count('')).toBe(0)
  expect(count('the system')).toBe(2)
  expect(count('the system\n\n the  system')).toBe(4)
  expect(count('the system '.repeat(10_000))).toBe(20_000)
})
