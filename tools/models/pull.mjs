import { access, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { download, sha256Of, sizeOf } from './download.mjs'
import { lockKey } from './manifest.mjs'
import { EXIT, PullError } from './pull-error.mjs'

/**
 * Brings every file of a model into `directory`/<name>. A file gets its name only when its SHA-256 is
 * right. `known` holds hashes of earlier pulls; with `isTrusting` a hash that nobody knows is taken from
 * what the mirror sends and added to it. Throws PullError.
 */
export async function pullModel(model, settings) {
  for (const file of model.files) await pullFile(model, file, settings)
}

async function pullFile(model, file, settings) {
  const { directory, mirror, known, isTrusting, say } = settings
  const label = `${model.name}/${file.path}`
  const key = lockKey(model, file)
  const expected = file.sha256 ?? known[key]
  if (!expected && !isTrusting) {
    throw new PullError(
      EXIT.usage,
      `no SHA-256 is known of ${label}: pull once with --write-lock, which trusts what the mirror sends now, or give a --manifest with hashes`,
    )
  }
  const target = join(directory, model.name, file.path)
  if (expected && (await isThere(target))) {
    if ((await sha256Of(target)) === expected) return say(`${label}: is there`)
    say(`${label}: is there with other bytes; fetching it again`)
  }
  const part = `${target}.${model.revision.slice(0, 12)}.part`
  await mkdir(dirname(target), { recursive: true }).catch((cause) => {
    throw new PullError(EXIT.disk, `${dirname(target)} cannot be created`, { cause })
  })
  const began = await sizeOf(part)
  if (began > 0) say(`${label}: going on after ${began} bytes`)
  await download({
    ...settings,
    url: new URL(`${model.repository}/resolve/${model.revision}/${file.path}`, mirror).href,
    part,
    checkSource: expected ? () => undefined : checkTrusted,
    onProgress: (at, total) => settings.onProgress(label, at, total),
  })
  const sha256 = await verified(part, expected, file, label)
  await rename(part, target)
  known[key] = sha256
  say(`${label}: ${sha256}${expected ? '' : ' (recorded, not verified)'}`)
}

async function verified(part, expected, file, label) {
  const sha256 = await sha256Of(part)
  const size = await sizeOf(part)
  if ((!expected || sha256 === expected) && (file.size === undefined || file.size === size)) {
    return sha256
  }
  await rm(part, { force: true })
  const wanted = expected ? `SHA-256 ${expected}` : `${file.size} bytes`
  throw new PullError(
    EXIT.hash,
    `${label} is not what it should be: ${wanted} expected, the mirror sent ${size} bytes with SHA-256 ${sha256}; it was thrown away`,
  )
}

/** What is believed unseen comes over TLS, also after redirects. */
export function checkTrusted(url) {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) return
  throw new PullError(EXIT.usage, `--write-lock trusts the mirror, and ${url} is not https`)
}

async function isThere(path) {
  return access(path).then(
    () => true,
    () => false,
  )
}
