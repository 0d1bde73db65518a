import { decodeUtf8 } from '#platform'
import type { RandomAccess } from './bundle.js'
import { unreadable, unsafe } from './member-path.js'
import { viewOf, ZIP64, type ZipEntry } from './zip-entry.js'

/** Sections of APPNOTE.TXT 6.3.10: 4.3.16, 4.3.15, 4.3.14 and 4.3.12. */
const END = { signature: 0x06054b50, bytes: 22 }
const END64_LOCATOR = { signature: 0x07064b50, bytes: 20 }
const END64 = { signature: 0x06064b50, bytes: 56 }
const HEADER = { signature: 0x02014b50, bytes: 46 }

/** A directory larger than this is not read: about a million members. */
const MAX_DIRECTORY_BYTES = 256 * 1024 * 1024

/** What the end of a zip says about its directory. */
interface End {
  readonly entries: number
  readonly offset: number
  readonly bytes: number
  /** Where the records of the end begin, which is where the directory has to end. */
  readonly begin: number
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[]
  /** Where the directory begins, which is where the last member has to end. */
  readonly begin: number
}

/** Reads the central directory. Throws `bundle_unreadable` or `bundle_unsafe`. */
export async function readZipDirectory(access: RandomAccess): Promise<ZipDirectory> {
  const end = await readEnd(access)
  if (end.offset + end.bytes !== end.begin)
    throw unreadable('the directory does not end at its end')
  if (end.bytes > MAX_DIRECTORY_BYTES) throw unsafe('the directory is too large')
  const bytes = await access.read(end.offset, end.bytes)
  const entries: ZipEntry[] = []
  let at = 0
  while (at < bytes.length) {
    const { entry, next } = readHeader(bytes, at)
    entries.push(entry)
    at = next
  }
  if (entries.length !== end.entries)
    throw unreadable('the directory has another number of entries')
  return { entries, begin: end.offset }
}

/** A zip of ours has no comment, so its end is at a known place. */
async function readEnd(access: RandomAccess): Promise<End> {
  const begin = access.size - END.bytes
  if (begin < 0) throw unreadable('is not a zip')
  const view = viewOf(await access.read(begin, END.bytes))
  if (view.getUint32(0, true) !== END.signature) {
    throw unreadable('is not a zip that ends with its directory')
  }
  if (view.getUint16(20, true) !== 0) throw unsafe('the zip has a comment')
  if (view.getUint16(4, true) !== 0 || view.getUint16(6, true) !== 0) {
    throw unreadable('the zip is in several parts')
  }
  const end = {
    entries: view.getUint16(10, true),
    bytes: view.getUint32(12, true),
    offset: view.getUint32(16, true),
    begin,
  }
  if (view.getUint16(8, true) !== end.entries) throw unreadable('the zip is in several parts')
  return (await readEnd64(access, end)) ?? end
}

/** The 64-bit end stands before the other one; undefined when there is none. */
async function readEnd64(access: RandomAccess, end: End): Promise<End | undefined> {
  const locatorAt = end.begin - END64_LOCATOR.bytes
  if (locatorAt < END64.bytes) return undefined
  const locator = viewOf(await access.read(locatorAt, END64_LOCATOR.bytes))
  if (locator.getUint32(0, true) !== END64_LOCATOR.signature) return undefined
  const begin = toNumber(locator.getBigUint64(8, true))
  if (begin + END64.bytes !== locatorAt)
    throw unreadable('the 64-bit end is not where it should be')
  const view = viewOf(await access.read(begin, END64.bytes))
  if (view.getUint32(0, true) !== END64.signature || view.getBigUint64(4, true) !== 44n) {
    throw unreadable('the 64-bit end is not one')
  }
  const end64 = {
    entries: toNumber(view.getBigUint64(32, true)),
    bytes: toNumber(view.getBigUint64(40, true)),
    offset: toNumber(view.getBigUint64(48, true)),
    begin,
  }
  if (view.getBigUint64(24, true) !== BigInt(end64.entries)) {
    throw unreadable('the zip is in several parts')
  }
  const agrees =
    fits(end.entries, end64.entries, 0xffff) &&
    fits(end.bytes, end64.bytes, 0xffffffff) &&
    fits(end.offset, end64.offset, 0xffffffff)
  if (!agrees) throw unsafe('the two ends of the zip say different things')
  return end64
}

/** A short field says the same as the long one, or that the long one counts. */
function fits(short: number, long: number, escape: number): boolean {
  return short === long || short === escape
}

function readHeader(bytes: Uint8Array, at: number): { entry: ZipEntry; next: number } {
  if (at + HEADER.bytes > bytes.length) throw unreadable('the directory is cut off')
  const view = viewOf(bytes.subarray(at))
  if (view.getUint32(0, true) !== HEADER.signature) throw unreadable('the directory is damaged')
  const nameBytes = view.getUint16(28, true)
  const extraBytes = view.getUint16(30, true)
  const extraAt = at + HEADER.bytes + nameBytes
  const next = extraAt + extraBytes + view.getUint16(32, true)
  if (next > bytes.length) throw unreadable('the directory is cut off')
  if (view.getUint16(34, true) !== 0) throw unreadable('the zip is in several parts')
  const path = decodeUtf8(bytes.subarray(at + HEADER.bytes, extraAt))
  if (path === undefined) throw unsafe('a member has a name that is not UTF-8')
  const fields = {
    path,
    madeBy: view.getUint8(5),
    flags: view.getUint16(8, true),
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    attributes: view.getUint32(38, true),
  }
  const sizes = {
    bytes: view.getUint32(24, true),
    packedBytes: view.getUint32(20, true),
    offset: view.getUint32(42, true),
  }
  const extra = bytes.subarray(extraAt, extraAt + extraBytes)
  return { entry: { ...fields, ...withZip64(sizes, extra) }, next }
}

type Sizes = Pick<ZipEntry, 'bytes' | 'packedBytes' | 'offset'>

/** APPNOTE, section 4.5.3: the extra field holds, in this order, what did not fit into 32 bits. */
function withZip64(sizes: Sizes, extra: Uint8Array): Sizes {
  const escaped = (['bytes', 'packedBytes', 'offset'] as const).filter(
    (name) => sizes[name] === 0xffffffff,
  )
  if (escaped.length === 0) return sizes
  const field = extraField(extra, ZIP64)
  if (!field || field.byteLength < 8 * escaped.length) throw unreadable('a 64-bit size is missing')
  const found = escaped.map((name, index) => [name, toNumber(field.getBigUint64(8 * index, true))])
  return { ...sizes, ...Object.fromEntries(found) } as Sizes
}

function extraField(extra: Uint8Array, wanted: number): DataView | undefined {
  const view = viewOf(extra)
  let at = 0
  while (at + 4 <= extra.length) {
    const length = view.getUint16(at + 2, true)
    if (at + 4 + length > extra.length) break
    if (view.getUint16(at, true) === wanted) return viewOf(extra.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return undefined
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw unreadable('a size is out of range')
  return Number(value)
}
