import { decodeUtf8 } from '#platform'
import type { RandomAccess } from './bundle.js'
import { unreadable, unsafe } from './member-path.js'

/** What the directory of a zip says about a member. */
export interface ZipEntry {
  readonly path: string
  /** Host system whose attributes these are. */
  readonly madeBy: number
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly attributes: number
  readonly bytes: number
  readonly packedBytes: number
  /** Of the local header. */
  readonly offset: number
}

/** An entry whose local header says the same. */
export interface LocatedEntry extends ZipEntry {
  readonly dataOffset: number
  /** First byte after the member, its descriptor included. */
  readonly end: number
}

export const STORED = 0
export const DEFLATED = 8
/** Id of the extra field with 64-bit sizes. */
export const ZIP64 = 1

const LOCAL = { signature: 0x04034b50, bytes: 30 }
const DESCRIPTOR = 0x08074b50
const FLAG = { encrypted: 1, descriptor: 1 << 3, strong: 1 << 6, utf8: 1 << 11, masked: 1 << 13 }
/** Bits 1 and 2 only say how hard the packer tried. */
const KNOWN_FLAGS = 0b110 | FLAG.descriptor | FLAG.utf8
const UNIX = 3
const DARWIN = 19
const FILE_TYPE = 0o170000
const REGULAR = 0o100000

/** Throws `bundle_unsafe` for what could be anything but a plain file, packed in one known way. */
export function assertPlainFile(entry: ZipEntry): void {
  const { flags, method } = entry
  if (flags & (FLAG.encrypted | FLAG.strong | FLAG.masked)) throw unsafe('a member is encrypted')
  if (flags & ~KNOWN_FLAGS) throw unsafe('a member is packed in a way that is not allowed')
  if (method !== STORED && method !== DEFLATED) {
    throw unsafe('a member is neither stored nor deflated')
  }
  if (method === STORED && entry.bytes !== entry.packedBytes) {
    throw unsafe('a stored member has two sizes')
  }
  if (!isRegular(entry)) throw unsafe('a member is not a plain file')
}

function isRegular({ attributes, madeBy }: ZipEntry): boolean {
  if (madeBy !== UNIX && madeBy !== DARWIN) return true
  const type = (attributes >>> 16) & FILE_TYPE
  return type === 0 || type === REGULAR
}

/**
 * Finds the data of a member and compares its local header with the directory: a reader that goes by
 * the one must see what a reader that goes by the other sees.
 */
export async function locate(
  access: RandomAccess,
  entry: ZipEntry,
  limit: number,
): Promise<LocatedEntry> {
  if (entry.offset + LOCAL.bytes > limit) throw unreadable('a member lies outside the zip')
  const header = viewOf(await access.read(entry.offset, LOCAL.bytes))
  if (header.getUint32(0, true) !== LOCAL.signature) throw unreadable('a member has no header')
  const nameBytes = header.getUint16(26, true)
  const dataOffset = entry.offset + LOCAL.bytes + nameBytes + header.getUint16(28, true)
  if (dataOffset + entry.packedBytes > limit) throw unreadable('a member lies outside the zip')
  const name = decodeUtf8(await access.read(entry.offset + LOCAL.bytes, nameBytes))
  if (name !== entry.path) throw unsafe('a member has two names')
  assertSameHeader(header, entry)
  const dataEnd = dataOffset + entry.packedBytes
  return {
    ...entry,
    dataOffset,
    end: dataEnd + (await descriptorBytes(access, entry, dataEnd, limit)),
  }
}

function assertSameHeader(header: DataView, entry: ZipEntry): void {
  const flags = header.getUint16(6, true)
  const isSame = flags === entry.flags && header.getUint16(8, true) === entry.method
  if (!isSame) throw unsafe('a member has two headers that differ')
  const isLater = (flags & FLAG.descriptor) !== 0
  const agrees = (value: number, expected: number): boolean =>
    value === expected || value === 0xffffffff || (isLater && value === 0)
  const sizesAgree =
    agrees(header.getUint32(18, true), entry.packedBytes) &&
    agrees(header.getUint32(22, true), entry.bytes)
  const crc = header.getUint32(14, true)
  if (!sizesAgree || (crc !== entry.crc && !(isLater && crc === 0))) {
    throw unsafe('a member has two headers that differ')
  }
}

/** APPNOTE, section 4.3.9: CRC and sizes after the data, in one of four layouts; none when not announced. */
async function descriptorBytes(
  access: RandomAccess,
  entry: ZipEntry,
  at: number,
  limit: number,
): Promise<number> {
  if (!(entry.flags & FLAG.descriptor)) return 0
  const view = viewOf(await access.read(at, Math.min(24, limit - at)))
  for (const before of [4, 0]) {
    for (const width of [4, 8]) {
      const bytes = before + 4 + 2 * width
      if (bytes <= view.byteLength && isDescriptor(view, { before, width }, entry)) return bytes
    }
  }
  throw unsafe('a member is followed by other sizes')
}

function isDescriptor(
  view: DataView,
  { before, width }: { readonly before: number; readonly width: number },
  entry: ZipEntry,
): boolean {
  const read = (at: number): number =>
    width === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true))
  return (
    (before === 0 || view.getUint32(0, true) === DESCRIPTOR) &&
    view.getUint32(before, true) === entry.crc &&
    read(before + 4) === entry.packedBytes &&
    read(before + 4 + width) === entry.bytes
  )
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
