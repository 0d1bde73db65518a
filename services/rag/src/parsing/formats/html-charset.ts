const SNIFFED_BYTES = 1_024

/** `<meta charset>` or its older form, among the first 1024 bytes (HTML, section 4.2.5.4). */
export function declaredByHtml(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, SNIFFED_BYTES)).toString('latin1')
  return /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:-]{1,40})/i.exec(head)?.[1]
}
