export interface EmailPart {
  readonly type: string
  readonly content: string | Buffer
  /** Makes it an attachment. */
  readonly filename?: string
}

const HEADERS = [
  'From: Anna <anna@example.org>',
  'To: bo@example.org',
  'Subject: =?utf-8?Q?Fristen_f=C3=BCr_Vorf=C3=A4lle?=',
  'Date: Mon, 23 Nov 2026 10:00:00 +0000',
  'MIME-Version: 1.0',
]

/** A message (RFC 5322) of these parts (RFC 2046), each in base64. */
export function buildEmail(parts: readonly EmailPart[]): Buffer {
  const lines = [
    ...HEADERS,
    'Content-Type: multipart/mixed; boundary=part',
    '',
    ...parts.flatMap((part) => ['--part', ...linesOf(part)]),
    '--part--',
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}

function linesOf({ type, content, filename }: EmailPart): string[] {
  const base64 = Buffer.from(content as string).toString('base64')
  const disposition = filename ? [`Content-Disposition: attachment; filename="${filename}"`] : []
  return [
    `Content-Type: ${type}`,
    ...disposition,
    'Content-Transfer-Encoding: base64',
    '',
    ...(base64.match(/.{1,76}/g) ?? []),
  ]
}

/** Multiparts in multiparts, so many of them, around a text. */
export function buildNestedEmail(depth: number, text: string): Buffer {
  const open = Array.from(
    { length: depth },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
  ).join('')
  const close = Array.from({ length: depth }, (_, n) => `\r\n--b${depth - 1 - n}--`).join('')
  return Buffer.from(`${HEADERS.join('\r\n')}\r\n${open}\r\n${text}${close}\r\n`)
}

/** A message forwarded inside a message, so many times. */
export function buildForwardedEmail(depth: number, text: string): Buffer {
  const open = `${HEADERS.join('\r\n')}\r\nContent-Type: message/rfc822\r\n\r\n`.repeat(depth)
  return Buffer.from(`${open}${HEADERS.join('\r\n')}\r\n\r\n${text}\r\n`)
}
