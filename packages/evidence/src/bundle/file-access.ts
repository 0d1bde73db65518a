import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { RandomAccess } from './bundle.js'
import { unreadable } from './member-path.js'

export interface OpenFile extends RandomAccess {
  close(): Promise<void>
}

/** Opens a plain file, and no link to one when `isLinkAllowed` is false. */
export async function openFile(
  path: string,
  { isLinkAllowed }: { readonly isLinkAllowed: boolean },
): Promise<OpenFile> {
  // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
  const link = isLinkAllowed ? 0 : constants.O_NOFOLLOW
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | link)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw unreadable('is not a file')
    return {
      size: stat.size,
      read: async (offset, length) => readExactly(file, offset, length),
      close: async () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readExactly(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0) throw unreadable('ends early')
    done += bytesRead
  }
  return buffer
}
