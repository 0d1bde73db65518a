// `npm run models:pull`: fetches pinned model files and verifies them. Built on Node alone, so an init
// container can run it without node_modules. docs/embeddings.md has the options and exit codes.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readLock, readManifest, writeLock } from './models/manifest.mjs'
import { pullModel } from './models/pull.mjs'
import { EXIT, PullError } from './models/pull-error.mjs'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))
const STALL_MS = 60_000
const RETRY_MS = 1_000
const USAGE = `usage: npm run models:pull -- [options] [model ...]
  --dir DIR         where to, default ${join('.lexcustis', 'models')}
  --mirror URL      default https://huggingface.co, or MODELS_MIRROR
  --manifest FILE   another list of files, with hashes
  --lock FILE       hashes of earlier pulls, default DIR/models.lock.json
  --write-lock      trust what the mirror sends where no hash is known, and record it`

const say = (line) => process.stderr.write(`${line}\n`)

function readOptions() {
  const text = { type: 'string' }
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        ...{ dir: text, mirror: text, manifest: text, lock: text },
        ...{ 'write-lock': { type: 'boolean' }, help: { type: 'boolean' } },
      },
    })
    return { ...values, names: positionals }
  } catch (cause) {
    throw new PullError(EXIT.usage, `${cause.message}\n${USAGE}`, { cause })
  }
}

/** Ends in a slash, so that a path within the mirror is kept. */
function readMirror(given) {
  const text = given || process.env.MODELS_MIRROR || 'https://huggingface.co'
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new PullError(EXIT.usage, `the mirror ${JSON.stringify(text)} is no http(s) address`)
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`
}

function chosen(models, names) {
  const unknown = names.find((name) => !models.some((model) => model.name === name))
  if (unknown) {
    const known = models.map(({ name }) => name).join(', ')
    throw new PullError(EXIT.usage, `${unknown} is not in the list of models: ${known}`)
  }
  return names.length === 0 ? models : models.filter(({ name }) => names.includes(name))
}

/** A line every now and then: a terminal and a container log read the same. */
function progress() {
  let nextAt = 0
  return (label, at, total) => {
    if (Date.now() < nextAt) return
    nextAt = Date.now() + 5_000
    const mib = (bytes) => `${Math.floor(bytes / 2 ** 20)} MiB`
    const share = total > 0 ? ` of ${mib(total)} (${Math.floor((100 * at) / total)} %)` : ''
    say(`${label}: ${mib(at)}${share}`)
  }
}

async function main() {
  const options = readOptions()
  if (options.help) return say(USAGE)
  const manifest = options.manifest ?? fileURLToPath(new URL('models/models.json', import.meta.url))
  const models = chosen(await readManifest(manifest), options.names)
  const directory = resolve(options.dir ?? join(CHECKOUT, '.lexcustis', 'models'))
  const lock = resolve(options.lock ?? join(directory, 'models.lock.json'))
  const known = await readLock(lock)
  const isTrusting = options['write-lock'] === true
  const settings = {
    ...{ directory, known, isTrusting, say, mirror: readMirror(options.mirror) },
    ...{ stallMs: STALL_MS, retryMs: RETRY_MS, onProgress: progress() },
  }
  for (const model of models) {
    await pullModel(model, settings)
    if (isTrusting) await writeLock(lock, known)
    say(`${model.name}: complete; set RAG_MODEL_DIR=${join(directory, model.name)}`)
  }
}

main().catch((error) => {
  say(`models:pull: ${error instanceof PullError ? error.message : error.stack}`)
  process.exitCode = error instanceof PullError ? error.exitCode : 1
})
