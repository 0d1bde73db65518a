import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EXIT, PullError } from './pull-error.mjs'

const ATTEMPTS = 6

/**
 * Fetches `url` into `part`, going on where an earlier attempt was cut off. A connection that breaks is
 * taken up again, with growing pauses; an attempt that got further counts as the first one.
 */
export async function download({ url, part, stallMs, retryMs, onProgress, checkSource }) {
  for (let attempt = 1; ; attempt++) {
    const before = await sizeOf(part)
    try {
      return await fetchInto({ url, part, from: before, stallMs, onProgress, checkSource })
    } catch (error) {
      const known = toPullError(error, url)
      if (known.exitCode !== EXIT.network) throw known
      if ((await sizeOf(part)) > before) attempt = 1
      if (attempt === ATTEMPTS) throw known
      await wait(retryMs * 2 ** (attempt - 1))
    }
  }
}

async function fetchInto({ url, part, from, stallMs, onProgress, checkSource }) {
  const stall = new AbortController()
  let timer = setTimeout(() => stall.abort(), stallMs)
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(), stallMs)
  }
  try {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {}
    // Compression would change what a range means.
    const response = await fetch(url, {
      headers: { ...headers, 'accept-encoding': 'identity' },
      signal: stall.signal,
    })
    checkSource(response.url)
    const start = await startOf(response, from, part)
    if (start === undefined) return
    const total = start + Number(response.headers.get('content-length') ?? NaN)
    await checkSpace(part, total - start)
    await append({ response, part, start, total, alive, onProgress })
  } finally {
    clearTimeout(timer)
    // Whatever is still on its way is not wanted any more.
    stall.abort()
  }
}

/** Where the body of a response begins in the file; undefined when there is nothing left to fetch. */
async function startOf(response, from, part) {
  const { status } = response
  const range = response.headers.get('content-range') ?? ''
  if (status === 206 && range.startsWith(`bytes ${from}-`)) return from
  // A mirror without ranges sends everything again.
  if (status === 200) return 0
  await response.body?.cancel()
  if (status === 416 && range === `bytes */${from}`) return undefined
  if (status === 416 || status === 206) {
    await rm(part, { force: true })
    throw new PullError(EXIT.network, `the mirror answered another range than asked for (${range})`)
  }
  const isTransient = status === 429 || status >= 500
  throw new PullError(
    isTransient ? EXIT.network : EXIT.refused,
    `the mirror answered ${status} for ${response.url}`,
  )
}

async function append({ response, part, start, total, alive, onProgress }) {
  const file = await open(part, start > 0 ? 'r+' : 'w')
  try {
    let at = start
    await file.truncate(start)
    for await (const chunk of response.body) {
      alive()
      await file.write(chunk, 0, chunk.length, at)
      at += chunk.length
      onProgress(at, total)
    }
    await file.sync()
    if (!Number.isNaN(total) && at !== total) {
      throw new PullError(EXIT.network, `the mirror ended after ${at} of ${total} bytes`)
    }
  } finally {
    await file.close()
  }
}

/** Fails before hours of downloading, not after. */
async function checkSpace(part, bytes) {
  if (Number.isNaN(bytes)) return
  const { bavail, bsize } = await statfs(dirname(part))
  if (bytes <= bavail * bsize) return
  throw new PullError(
    EXIT.disk,
    `${bytes} bytes are to be written into ${dirname(part)}, and ${bavail * bsize} are free`,
  )
}

function toPullError(error, url) {
  if (error instanceof PullError) return error
  const code = error.code ?? error.cause?.code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PullError(EXIT.disk, 'the disk is full; make room and pull again', { cause: error })
  }
  if (['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'EIO'].includes(code)) {
    return new PullError(EXIT.disk, `cannot be written: ${error.message}`, { cause: error })
  }
  const why = error.name === 'AbortError' ? 'no bytes came' : (code ?? error.message)
  return new PullError(EXIT.network, `${url} could not be fetched: ${why}`, { cause: error })
}

export async function sizeOf(path) {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

export async function sha256Of(path) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
