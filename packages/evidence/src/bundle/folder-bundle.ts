import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError } from '../failure.js'
import { type Bundle, readRange } from './bundle.js'
import { openFile } from './file-access.js'
import { assertMemberPaths, unsafe } from './member-path.js'

const MAX_DEPTH = 16

/**
 * Opens a folder. Every file in it counts as a member, hidden ones too; links, devices and the like
 * are refused. Throws EvidenceError `bundle_unsafe`.
 */
export async function openFolderBundle(folder: string): Promise<Bundle> {
  const members = new Map<string, number>()
  await list(folder, '', 0, members)
  assertMemberPaths([...members.keys()])
  return {
    members,
    open: (path) => {
      if (!members.has(path)) throw new EvidenceError('member_missing', 'is not there')
      return readMember(join(folder, path))
    },
    close: async () => undefined,
  }
}

async function list(
  folder: string,
  path: string,
  depth: number,
  members: Map<string, number>,
): Promise<void> {
  if (depth === MAX_DEPTH) throw unsafe('folders are nested too deeply')
  for (const name of await readdir(join(folder, path))) {
    const inner = path === '' ? name : `${path}/${name}`
    const stat = await lstat(join(folder, inner))
    if (stat.isDirectory()) await list(folder, inner, depth + 1, members)
    else if (stat.isFile()) members.set(inner, stat.size)
    else throw unsafe('a member is not a plain file')
  }
}

async function* readMember(path: string): AsyncGenerator<Uint8Array, void> {
  try {
    const file = await openFile(path, { isLinkAllowed: false })
    try {
      yield* readRange(file, 0, file.size)
    } finally {
      await file.close()
    }
  } catch {
    throw new EvidenceError('member_unreadable', 'cannot be read')
  }
}
