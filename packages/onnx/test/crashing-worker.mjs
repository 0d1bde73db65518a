// The real worker, which ends without a word when it is sent the text `crash`.
import process from 'node:process'
import { parentPort } from 'node:worker_threads'

await import('../dist/embed-worker.js')
// After the worker's own listener: the first one sets the messages flowing.
parentPort.on('message', ({ texts }) => {
  if (texts?.includes('crash')) process.exit(3)
})
