import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { GUIDE_SOURCE, guideDocument } from './documents.mjs'
import { KnowledgeClient } from './gateway-client.mjs'
import { isVersionOf } from './import-documents.mjs'
import { ImportError } from './import-error.mjs'
import { readOne } from './read-files.mjs'

const POLL_MS = 1_500

/**
 * Makes the shared knowledge base hold the guide of this release and no other: what is new is added,
 * what changed replaces its older version, what is no longer there is removed. Documents with another
 * source are not touched. Resolves once all of it can be searched. Throws ImportError.
 * @param {string} folder
 * @param {{ url: string, email: string, password: string, signal: AbortSignal, say: (line: string) => void }} options
 * @returns {Promise<{ added: number, replaced: number, removed: number, kept: number }>}
 */
export async function syncGuide(folder, options) {
  const counts = { added: 0, replaced: 0, removed: 0, kept: 0 }
  const documents = await readGuide(folder)
  if (documents.length === 0) return counts
  const client = await KnowledgeClient.logIn(options)
  const shared = await client.list()
  const added = new Set()
  for (const document of documents) {
    options.signal.throwIfAborted()
    const current = shared.find((each) => isVersionOf(each, document))
    const isSame = current?.sha256 === document.sha256 && current.name === document.name
    if (!isSame) added.add((await client.add(document, current?.id)).id)
    counts[isSame ? 'kept' : current ? 'replaced' : 'added'] += 1
  }
  for (const { id } of shared.filter((each) => isLeftOver(each, documents))) {
    await client.remove(id)
    counts.removed += 1
  }
  await untilIndexed(client, added, options.signal)
  return counts
}

/** What fails is listed as failed, and tried again by the next start. */
async function untilIndexed(client, ids, signal) {
  const isOpen = ({ id, state }) => ids.has(id) && state !== 'ready' && state !== 'failed'
  while (ids.size > 0 && (await client.list()).some(isOpen)) {
    await wait(POLL_MS, undefined, { signal })
  }
}

/** Every file of the guide, but the README about it. */
async function readGuide(folder) {
  if (!existsSync(folder)) return []
  const names = (await readdir(folder)).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )
  return Promise.all(
    names.sort().map(async (name) => {
      const recognised = await readOne(join(folder, name))
      if (recognised.format !== 'guide') throw new ImportError(`${name} is no file of the guide`)
      return guideDocument(join(folder, name), recognised.guide)
    }),
  )
}

function isLeftOver({ source, replaced_by: replacedBy }, documents) {
  const isOurs = source?.startsWith(GUIDE_SOURCE) && replacedBy === null
  return isOurs && !documents.some((document) => document.source === source)
}
