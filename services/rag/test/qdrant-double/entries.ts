import { uuidv7 } from '@lexcustis/core'
import type { QdrantSettings } from '../../src/adapters/qdrant-index.js'
import type { Embedding } from '../../src/domain/embedder.js'
import type { IndexEntry, IndexQuery } from '../../src/domain/passage-index.js'

export function qdrantSettings(url: string): QdrantSettings {
  return { url, apiKey: undefined, timeoutMs: 5_000, replicationFactor: 1, shardNumber: 1 }
}

export function entryOf(terms: string, documentId = uuidv7()): IndexEntry {
  return {
    chunkId: uuidv7(),
    documentId,
    language: '',
    datedAt: undefined,
    terms: terms.split(' '),
    embedding: undefined,
  }
}

export function meaning(...vector: number[]): Embedding {
  return { dense: Float32Array.from(vector), sparse: undefined }
}

export function queryFor(terms: string): Omit<IndexQuery, 'embedding'> & { embedding: undefined } {
  return { terms: terms.split(' '), embedding: undefined, filter: {}, limit: 9 }
}
