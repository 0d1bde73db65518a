import { crc32, deflateRawSync } from 'node:zlib'

/** A member of a zip; whatever is given here is written, also when it is a lie. */
export interface ZipMember {
  readonly name: string
  readonly data: Uint8Array
  readonly isStored?: boolean
  readonly flags?: number
  readonly method?: number
  readonly crc?: number
  readonly bytes?: number
  readonly attributes?: number
  /** After the packed data, and counted as a part of it. */
  readonly packedTail?: Uint8Array
  /** Only in the local header. */
  readonly localName?: string
  readonly localCrc?: number
  readonly localBytes?: number
  /** CRC and sizes follow the data. */
  readonly hasDescriptor?: boolean
  /** Sizes are in 64-bit extra fields. */
  readonly isZip64?: boolean
  /** Bytes after this member that belong to none. */
  readonly gap?: Uint8Array
}

export interface ZipOptions {
  readonly before?: Uint8Array
  readonly comment?: string
  readonly isZip64?: boolean
  readonly entries?: number
}

/** A zip (APPNOTE 6.3.10), for tests: also of kinds that nobody should accept. */
export function writeZip(members: readonly ZipMember[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [Buffer.from(options.before ?? [])]
  const headers: Buffer[] = []
  let offset = parts[0]!.length
  for (const member of members) {
    const local = writeLocal(member)
    headers.push(writeHeader(member, offset))
    parts.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(headers)
  const end = writeEnd(options.entries ?? members.length, directory.length, offset, options)
  return Buffer.concat([...parts, directory, end])
}

export function zipOf(
  members: ReadonlyMap<string, Uint8Array>,
  member: Partial<ZipMember> = {},
  options: ZipOptions = {},
): Buffer {
  return writeZip(
    [...members].map(([name, data]) => ({ name, data, ...member })),
    options,
  )
}

function pack({ data, isStored = false, packedTail = new Uint8Array(0) }: ZipMember): Buffer {
  return Buffer.concat([isStored ? data : deflateRawSync(data), packedTail])
}

function common(member: ZipMember): Buffer {
  const { isStored, hasDescriptor = false } = member
  const buffer = Buffer.alloc(8)
  buffer.writeUInt16LE(member.flags ?? (hasDescriptor ? 0x808 : 0x800), 0)
  buffer.writeUInt16LE(member.method ?? (isStored ? 0 : 8), 2)
  return buffer
}

function sizes(
  member: ZipMember,
  { crc, bytes, isLater }: { crc: number; bytes: number; isLater: boolean },
): Buffer {
  const buffer = Buffer.alloc(12)
  if (isLater) return buffer
  buffer.writeUInt32LE(crc, 0)
  buffer.writeUInt32LE(member.isZip64 ? 0xffffffff : pack(member).length, 4)
  buffer.writeUInt32LE(member.isZip64 ? 0xffffffff : bytes, 8)
  return buffer
}

function extra(member: ZipMember, offset?: number): Buffer {
  if (!member.isZip64) return Buffer.alloc(0)
  const buffer = Buffer.alloc(offset === undefined ? 20 : 28)
  buffer.writeUInt16LE(1, 0)
  buffer.writeUInt16LE(buffer.length - 4, 2)
  buffer.writeBigUInt64LE(BigInt(member.bytes ?? member.data.length), 4)
  buffer.writeBigUInt64LE(BigInt(pack(member).length), 12)
  if (offset !== undefined) buffer.writeBigUInt64LE(BigInt(offset), 20)
  return buffer
}

function lengths(name: Buffer, extraField: Buffer): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt16LE(name.length, 0)
  buffer.writeUInt16LE(extraField.length, 2)
  return buffer
}

function writeLocal(member: ZipMember): Buffer {
  const { data, hasDescriptor = false, gap = new Uint8Array(0) } = member
  const name = Buffer.from(member.localName ?? member.name)
  const crc = member.localCrc ?? member.crc ?? crc32(data)
  const bytes = member.localBytes ?? member.bytes ?? data.length
  const field = extra(member)
  const descriptor = Buffer.alloc(hasDescriptor ? 16 : 0)
  if (hasDescriptor) {
    descriptor.writeUInt32LE(0x08074b50, 0)
    descriptor.writeUInt32LE(crc, 4)
    descriptor.writeUInt32LE(pack(member).length, 8)
    descriptor.writeUInt32LE(bytes, 12)
  }
  return Buffer.concat([
    Buffer.from([0x50, 0x4b, 3, 4, 45, 0]),
    common(member),
    sizes(member, { crc, bytes, isLater: hasDescriptor }),
    lengths(name, field),
    name,
    field,
    pack(member),
    descriptor,
    gap,
  ])
}

function writeHeader(member: ZipMember, offset: number): Buffer {
  const name = Buffer.from(member.name)
  const field = extra(member, offset)
  const crc = member.crc ?? crc32(member.data)
  const bytes = member.bytes ?? member.data.length
  const tail = Buffer.alloc(14)
  tail.writeUInt32LE(((member.attributes ?? 0o100644) << 16) >>> 0, 6)
  tail.writeUInt32LE(member.isZip64 ? 0xffffffff : offset, 10)
  return Buffer.concat([
    Buffer.from([0x50, 0x4b, 1, 2, 45, 3, 45, 0]),
    common(member),
    sizes(member, { crc, bytes, isLater: false }),
    lengths(name, field),
    tail,
    name,
    field,
  ])
}

function writeEnd(
  entries: number,
  bytes: number,
  offset: number,
  { comment = '', isZip64 = false }: ZipOptions,
): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(isZip64 ? 0xffff : entries, 8)
  end.writeUInt16LE(isZip64 ? 0xffff : entries, 10)
  end.writeUInt32LE(isZip64 ? 0xffffffff : bytes, 12)
  end.writeUInt32LE(isZip64 ? 0xffffffff : offset, 16)
  end.writeUInt16LE(comment.length, 20)
  if (!isZip64) return Buffer.concat([end, Buffer.from(comment)])
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeBigUInt64LE(BigInt(entries), 24)
  end64.writeBigUInt64LE(BigInt(entries), 32)
  end64.writeBigUInt64LE(BigInt(bytes), 40)
  end64.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + bytes), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([end64, locator, end, Buffer.from(comment)])
}
