import { stat } from 'node:fs/promises'
import { EvidenceError } from '../failure.js'
import type { Bundle } from './bundle.js'
import { openFile } from './file-access.js'
import { openFolderBundle } from './folder-bundle.js'
import { unreadable } from './member-path.js'
import { openZipBundle } from './zip-bundle.js'

/**
 * Opens a bundle by its path, a folder or a zip; the path itself may be a link. Throws EvidenceError
 * `bundle_unreadable` or `bundle_unsafe`.
 */
export async function openBundle(path: string): Promise<Bundle> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? await openFolderBundle(path) : await openZip(path)
  } catch (error) {
    throw error instanceof EvidenceError ? error : unreadable('cannot be opened')
  }
}

async function openZip(path: string): Promise<Bundle> {
  const file = await openFile(path, { isLinkAllowed: true })
  try {
    return await openZipBundle(file, async () => file.close())
  } catch (error) {
    await file.close()
    throw error
  }
}
