import { crc32, inflateRaw } from '#platform'
import { EvidenceError } from '../failure.js'
import { type Bundle, type RandomAccess, readRange } from './bundle.js'
import { assertMemberPaths, unsafe } from './member-path.js'
import { readZipDirectory } from './zip-directory.js'
import { assertPlainFile, locate, type LocatedEntry, STORED } from './zip-entry.js'

/**
 * Opens a zip, stored or deflate, 32 or 64 bits. Every byte of it belongs to exactly one member or to
 * the directory, so that no two readers can see two different bundles in it. Throws EvidenceError
 * `bundle_unreadable` or `bundle_unsafe`.
 */
export async function openZipBundle(
  access: RandomAccess,
  close: () => Promise<void> = async () => undefined,
): Promise<Bundle> {
  const { entries, begin } = await readZipDirectory(access)
  assertMemberPaths(entries.map(({ path }) => path))
  const ordered = [...entries].sort((a, b) => a.offset - b.offset)
  if ((ordered[0]?.offset ?? begin) !== 0) throw unsafe('something stands before the first member')
  const located = new Map<string, LocatedEntry>()
  for (const [index, entry] of ordered.entries()) {
    assertPlainFile(entry)
    const limit = ordered[index + 1]?.offset ?? begin
    const found = await locate(access, entry, limit)
    if (found.end !== limit) throw unsafe('something stands between two members')
    located.set(entry.path, found)
  }
  return {
    members: new Map(entries.map(({ path, bytes }) => [path, bytes])),
    open: (path) => {
      const entry = located.get(path)
      if (!entry) throw new EvidenceError('member_missing', 'is not there')
      return readEntry(access, entry)
    },
    close,
  }
}

/** Never yields more than the size that the directory says. */
async function* readEntry(
  access: RandomAccess,
  entry: LocatedEntry,
): AsyncGenerator<Uint8Array, void> {
  const packed = readRange(access, entry.dataOffset, entry.packedBytes)
  let bytes = 0
  let crc = 0
  try {
    for await (const chunk of entry.method === STORED ? packed : inflateRaw(packed)) {
      bytes += chunk.length
      if (bytes > entry.bytes) break
      crc = crc32(chunk, crc)
      yield chunk
    }
  } catch {
    throw damaged('cannot be unpacked')
  }
  if (bytes !== entry.bytes) throw damaged('has another size than the zip says')
  if (crc !== entry.crc) throw damaged('has another CRC than the zip says')
}

function damaged(detail: string): EvidenceError {
  return new EvidenceError('member_unreadable', detail)
}
