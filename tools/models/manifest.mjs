import { readFile, rename, writeFile } from 'node:fs/promises'
import { EXIT, PullError } from './pull-error.mjs'

const NAME = /^[a-z0-9][a-z0-9._-]*$/i
const REPOSITORY = /^[\w.-]+\/[\w.-]+$/
const REVISION = /^[0-9a-f]{40}$/
const SHA256 = /^[0-9a-f]{64}$/

/**
 * Reads `{"models": [{"name", "repository", "revision", "files": [{"path", "size"?, "sha256"?}]}]}`.
 * A revision is a full commit id: a branch would be another file tomorrow.
 */
export async function readManifest(path) {
  const { models } = await readJson(path)
  const problem = Array.isArray(models)
    ? models.map(problemOf).find(Boolean)
    : 'has no list "models"'
  if (problem) throw new PullError(EXIT.usage, `${path}: ${problem}`)
  return models
}

function problemOf(model) {
  const { name, repository, revision, files } = model ?? {}
  if (!NAME.test(name)) return `"${name}" is no name of a model`
  if (!REPOSITORY.test(repository)) return `${name}: repository is not owner/name`
  if (!REVISION.test(revision)) return `${name}: revision is not a commit id of 40 hex digits`
  if (!Array.isArray(files) || files.length === 0) return `${name}: there are no files`
  const bad = files.find((file) => !isFile(file))
  return bad && `${name}: ${JSON.stringify(bad)} is not {"path", "size"?, "sha256"?}`
}

function isFile({ path, size, sha256 }) {
  const isPath =
    typeof path === 'string' && path.split('/').every((part) => /^[\w-][\w.-]*$/.test(part))
  const isSize = size === undefined || (Number.isSafeInteger(size) && size > 0)
  return isPath && isSize && (sha256 === undefined || SHA256.test(sha256))
}

/** Hashes recorded by an earlier pull, by model, revision and path. Empty when there was none. */
export async function readLock(path) {
  try {
    return (await readJson(path)).sha256 ?? {}
  } catch (error) {
    if (error.cause?.code === 'ENOENT') return {}
    throw error
  }
}

export function lockKey({ name, revision }, { path }) {
  return `${name}@${revision}/${path}`
}

export async function writeLock(path, sha256) {
  const sorted = Object.fromEntries(Object.entries(sha256).sort(([a], [b]) => (a < b ? -1 : 1)))
  await writeFile(`${path}.new`, `${JSON.stringify({ sha256: sorted }, undefined, 2)}\n`)
  await rename(`${path}.new`, path)
}

async function readJson(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const why = cause.code ?? 'it is no JSON'
    throw new PullError(EXIT.usage, `${path} cannot be read: ${why}`, { cause })
  }
}
