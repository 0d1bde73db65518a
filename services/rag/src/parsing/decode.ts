import { DocumentFault } from './document-fault.js'

const BYTE_ORDER_MARKS: readonly (readonly [mark: readonly number[], label: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
]

/** Encoding by byte order mark (WHATWG Encoding, section 6); undefined without one. */
function markedEncoding(bytes: Uint8Array): string | undefined {
  return BYTE_ORDER_MARKS.find(([mark]) => mark.every((byte, at) => bytes[at] === byte))?.[1]
}

/**
 * Text of a file: its byte order mark decides, then what it declares itself, then UTF-8. Throws
 * DocumentFault when the bytes are not in that encoding.
 */
export function decodeDeclared(bytes: Uint8Array, declared: string | undefined): string {
  const label = markedEncoding(bytes) ?? declared ?? 'utf-8'
  const decoder = openDecoder(label)
  let text: string
  try {
    // In two steps: Node 20 decodes windows-1252 as ISO 8859-1 when it gets everything at once.
    text = decoder.decode(bytes, { stream: true }) + decoder.decode()
  } catch {
    throw new DocumentFault(`it is not valid ${decoder.encoding}; save it as UTF-8`)
  }
  if (text.includes('\0')) throw new DocumentFault('it contains NUL bytes and is not a text')
  return text
}

function openDecoder(label: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(label, { fatal: true })
  } catch {
    throw new DocumentFault('it declares a character set that is not known; save it as UTF-8')
  }
}

const SNIFFED_BYTES = 1_024

/** `<meta charset>` or its older form, among the first 1024 bytes (HTML, section 4.2.5.4). */
export function declaredByHtml(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, SNIFFED_BYTES)).toString('latin1')
  return /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:-]{1,40})/i.exec(head)?.[1]
}
