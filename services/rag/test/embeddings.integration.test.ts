import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { uuidv7 } from '@lexcustis/core'
import { type Database, openDatabase } from '@lexcustis/postgres'
import { DocumentState, Retrieval } from '@lexcustis/proto/rag'
import { ConfigError } from '@lexcustis/runtime'
import { writeTinyModel } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EmbeddingModel } from '../src/adapters/embedding-model.js'
import { RagStack, searchFor, store } from './rag-stack.js'

const SETTINGS = { isRequired: false, threads: 1 }

let stack: RagStack
let superuser: Database
let modelOf: (name: string, seed?: number) => Promise<string>

beforeAll(async () => {
  stack = await RagStack.start()
  superuser = openDatabase({ url: stack.postgres.superuserUrl, name: 'test' })
  modelOf = async (name, seed) => {
    const directory = join(stack.directory, name)
    await writeTinyModel(directory, seed === undefined ? {} : { seed })
    return directory
  }
})
afterAll(async () => {
  await superuser[Symbol.asyncDispose]()
  await stack[Symbol.asyncDispose]()
})

const readiness = async (port: number) => {
  const body = (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as {
    status: string
    checks: { name: string; status: string; detail: string }[]
  }
  return body.checks.find(({ name }) => name === 'embeddings')
}

/** Model that the database says all passages of a document are embedded with. */
async function modelOfDocument(id: string): Promise<string | undefined> {
  const [row] = await superuser.query<{ embedding_model: string }>(
    "SELECT embedding_model FROM rag.document WHERE id = $1 AND state = 'ready'",
    [id],
  )
  return row?.embedding_model
}

describe('a replica with a model', () => {
  test('embeds what is uploaded, and embeds again what was uploaded without it or with another', async () => {
    const org = uuidv7()
    const admin = await stack.as(org)
    const found = async (clients: ReturnType<RagStack['clients']>) =>
      (await clients.search.searchAll(searchFor({ query: 'wombat' }), admin)).passages.map(
        ({ documentId }) => documentId,
      )
    let early = ''
    {
      await using without = await stack.replica()
      using clients = stack.clients(without.port)
      early = (await store(clients, admin, { bytes: '# Wombat\n\nThe wombat must report.' })).id
      expect(await modelOfDocument(early)).toBe('')
      expect(await readiness(without.metricsPort)).toEqual({
        name: 'embeddings',
        status: 'degraded',
        detail: expect.stringMatching(/RAG_MODEL_DIR is not set.*BM25 only/) as unknown,
      })
    }
    const names: string[] = []
    for (const seed of [1, 2]) {
      stack.modelDirectory = await modelOf(`model-${seed}`, seed)
      await using replica = await stack.replica()
      using clients = stack.clients(replica.port)
      // Found by its terms while it is embedded again, and afterwards.
      await expect
        .poll(
          async () => {
            expect(await found(clients)).toContain(early)
            const model = await modelOfDocument(early)
            return model !== '' && !names.includes(model ?? '')
          },
          { timeout: 25_000 },
        )
        .toBe(true)
      names.push((await modelOfDocument(early))!)
      expect(names.at(-1)).toMatch(/^lexcustis\/tiny-embedder@/)
      await expect.poll(async () => (await readiness(replica.metricsPort))?.status).toBe('ready')
      const late = await store(clients, admin, { bytes: `A wombat of model ${seed}.` })
      expect(late).toMatchObject({ state: DocumentState.READY, progressE4: 10_000 })
      expect(await modelOfDocument(late.id)).toBe(names.at(-1))
      expect((await found(clients)).filter((id) => id === early)).toHaveLength(1)
      const answer = await clients.search.searchAll(searchFor({ query: 'wombat' }), admin)
      expect(answer).toMatchObject({ retrieval: Retrieval.HYBRID, degraded: false })
    }
    expect(new Set(names).size).toBe(2)
  })
})

describe('a model that cannot be used', () => {
  test('leaves a replica on one machine with terms alone, which it says', async () => {
    stack.modelDirectory = await modelOf('broken')
    await rm(join(stack.modelDirectory, 'model.onnx'))
    await using replica = await stack.replica()
    const clients = stack.clients(replica.port)
    const document = await store(clients, await stack.as(uuidv7()), { bytes: 'A wombat.' })
    expect(document).toMatchObject({ state: DocumentState.READY })
    expect(await readiness(replica.metricsPort)).toMatchObject({
      status: 'degraded',
      detail: expect.stringMatching(/no model\.onnx in .*models:pull.*BM25 only/) as unknown,
    })
  })

  test('is an error at start where it is required, whether it cannot be opened or not be loaded', async () => {
    const missing = join(stack.directory, 'missing')
    const required = { ...SETTINGS, isRequired: true }
    await expect(EmbeddingModel.open(missing, required)).rejects.toBeInstanceOf(ConfigError)
    const cut = await modelOf('cut')
    await truncate(join(cut, 'model.onnx'), 5_000)
    await expect(EmbeddingModel.open(cut, required)).rejects.toThrow(/RAG_MODEL_DIR.*models:pull/)
    await using degraded = await EmbeddingModel.open(cut, SETTINGS)
    await expect
      .poll(() => degraded.state())
      .toMatchObject({ isReady: false, detail: expect.stringMatching(/fetch it again/) as unknown })
    await expect(
      degraded.forQuestions?.embed(['a'], new AbortController().signal),
    ).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })
})

test('a question does not wait for a model that is loading', async () => {
  await using loading = await EmbeddingModel.open(await modelOf('loading'), SETTINGS)
  const signal = new AbortController().signal
  const first = loading.forQuestions?.embed(['a'], signal)
  await expect(first).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  expect(await loading.forPassages?.embed(['a'], signal)).toHaveLength(1)
  expect(await loading.forQuestions?.embed(['a'], signal)).toHaveLength(1)
  expect(loading.state()).toMatchObject({ isReady: true })
})
