import { parentPort, workerData } from 'node:worker_threads'
import { serveEmbeddings } from './serve-embeddings.js'
import type { WorkerOptions } from './worker-messages.js'

// The body of a worker thread: tokenizing and running the model both block.
if (parentPort) await serveEmbeddings(parentPort, workerData as WorkerOptions)
