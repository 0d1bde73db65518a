import { buffer } from 'node:stream/consumers'
import { constants, deflateRawSync } from 'node:zlib'
import { mib } from '@lexcustis/core'
import { ZipFile } from 'yazl'

/** A zip of these files, compressed. */
export async function buildZip(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(files)) {
    zip.addBuffer(Buffer.from(content), name, { compress: content.length > 0 })
  }
  zip.end()
  return buffer(zip.outputStream)
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'

/** A Word document with this body (WordprocessingML), and further parts. */
export async function buildDocx(
  body: string,
  more: Readonly<Record<string, string | Buffer>> = {},
): Promise<Buffer> {
  return buildZip({
    '[Content_Types].xml': `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
    '_rels/.rels': `${XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
    'word/styles.xml': `${XML}<w:styles xmlns:w="${WORD}"><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>`,
    'word/_rels/document.xml.rels': `${XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`,
    'word/document.xml': `${XML}<w:document xmlns:w="${WORD}"><w:body>${body}</w:body></w:document>`,
    ...more,
  })
}

export const paragraph = (text: string, style = ''): string =>
  `<w:p>${style && `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`

export const table = (...rows: readonly (readonly string[])[]): string =>
  `<w:tbl>${rows.map((cells) => `<w:tr>${cells.map((cell) => `<w:tc>${paragraph(cell)}</w:tc>`).join('')}</w:tr>`).join('')}</w:tbl>`

const BLOCK = mib(1)

/** A raw deflate stream (RFC 1951) of so many MiB of one byte; a thousandth of that size. */
export function deflatedBomb(unpackedMib: number, byte = 0x20): Buffer {
  const block = deflateRawSync(Buffer.alloc(BLOCK, byte), {
    finishFlush: constants.Z_FULL_FLUSH,
    level: 9,
  })
  const end = Buffer.from([0x03, 0x00])
  return Buffer.concat([...Array.from({ length: unpackedMib }, () => block), end])
}

export interface BombOptions {
  readonly name: string
  readonly unpackedMib: number
  /** What the zip says that it is. */
  readonly declaredBytes?: number
}

/** A zip (APPNOTE 6.3.10) with one part that unpacks to a thousand times its size. */
export function buildZipBomb({ name, unpackedMib, declaredBytes }: BombOptions): Buffer {
  const data = deflatedBomb(unpackedMib)
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(8, 4)
  fields.writeUInt32LE(data.length, 14)
  fields.writeUInt32LE(declaredBytes ?? unpackedMib * BLOCK, 18)
  fields.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, Buffer.from(name), data])
  const central = Buffer.concat([
    Buffer.from('PK\u0001\u0002\u0014\u0000'),
    fields,
    Buffer.alloc(14),
    Buffer.from(name),
  ])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, central, Buffer.from('PK\u0005\u0006'), end])
}
