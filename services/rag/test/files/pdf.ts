/** A line of text on a page: its size in points and its distance from the bottom. */
export interface PdfLine {
  readonly text: string
  readonly size?: number
  readonly y: number
}

export interface PdfOptions {
  /** A last page whose content is this zlib stream. */
  readonly deflated?: Buffer
  /** Asks for a password, as a file with the standard handler does (ISO 32000-1, section 7.6.3). */
  readonly isEncrypted?: boolean
}

/** A PDF 1.4 with one content stream a page, Latin-1 text, built object by object. */
export function buildPdf(pages: readonly (readonly PdfLine[])[], options: PdfOptions = {}): Buffer {
  const contents = pages.map((lines) => streamOf(lines.map(show).join('\n')))
  if (options.deflated) {
    contents.push(streamOf(options.deflated.toString('latin1'), '/Filter /FlateDecode'))
  }
  const kids = contents.map((_, index) => `${4 + 2 * index} 0 R`).join(' ')
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${contents.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    ...contents.flatMap((content, index) => [
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + 2 * index} 0 R
         /Resources << /Font << /F1 3 0 R >> >> >>`,
      content,
    ]),
  ]
  if (options.isEncrypted) {
    const secret = `<${'5a'.repeat(32)}>`
    objects.push(`<< /Filter /Standard /V 1 /R 2 /O ${secret} /U ${secret} /P -64 >>`)
  }
  let body = '%PDF-1.4\n'
  const offsets = objects.map((object, index) => {
    const offset = body.length
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
    return offset
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const encrypt = options.isEncrypted ? `/Encrypt ${objects.length} 0 R /ID [<61><61>]` : ''
  const size = objects.length + 1
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R ${encrypt} >>\nstartxref\n${body.length}\n%%EOF\n`
  return Buffer.from(`${body}xref\n0 ${size}\n0000000000 65535 f \n${table}${trailer}`, 'latin1')
}

function show({ text, size = 11, y }: PdfLine): string {
  const escaped = text.replaceAll(/[\\()]/g, '\\$&')
  return `BT /F1 ${size} Tf 1 0 0 1 72 ${y} Tm (${escaped}) Tj ET`
}

function streamOf(content: string, filter = ''): string {
  return `<< /Length ${content.length} ${filter} >>\nstream\n${content}\nendstream`
}
