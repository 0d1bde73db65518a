import { once } from 'node:events'
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { constants, createGzip, type Gzip } from 'node:zlib'
import type { Reply } from './scripted-provider-scenario.js'

/** How long what was written may need to leave before a reset throws it away. */
const LEAVE_MS = 20

/** Everything was sent that had to be; the reset ended the reply. */
export class WireReset extends Error {}

export interface WireOptions {
  readonly response: ServerResponse
  readonly reply: Reply
  /** Which request of the scenario this is, from 0. */
  readonly turn: number
  readonly gone: AbortSignal
  /** Told how many bytes of the body were written so far. */
  readonly sent: (bytes: number) => void
}

/** The bytes of one response: framing, splitting, compression, and the breaking of connections. */
export class Wire {
  private offset = 0
  private gzip: Gzip | undefined
  private isRaw = false

  constructor(private readonly options: WireOptions) {}

  async head(contentType: string): Promise<void> {
    const { response, reply, gone } = this.options
    if (reply.headersAfterMs) await setTimeout(reply.headersAfterMs, undefined, { signal: gone })
    const headers: Record<string, string> = { 'content-type': contentType, ...reply.headers }
    if (reply.encoding) headers['content-encoding'] = reply.encoding
    if (reply.headerByteMs !== undefined) {
      await this.headByBytes(headers, reply.headerByteMs)
      return
    }
    if (reply.framing === 'until-close') {
      // With neither of them Node frames nothing, and closes the connection behind the body.
      response.shouldKeepAlive = false
      response.removeHeader('transfer-encoding')
    }
    response.writeHead(reply.status, headers)
    response.flushHeaders()
  }

  /** In pieces as the reply says; returns when the client has made room for more. */
  async write(text: string | Uint8Array): Promise<void> {
    const bytes = await this.encoded(Buffer.from(text as string))
    for (const [index, piece] of this.pieces(bytes).entries()) {
      // Each piece becomes a packet of its own.
      if (index > 0) await setImmediate(undefined, { signal: this.options.gone })
      await this.put(piece)
    }
  }

  async end(): Promise<void> {
    const rest = this.gzip ? await drained(this.gzip.end()) : undefined
    if (rest?.length) await this.put(rest)
    if (this.isRaw) this.socket.end()
    else this.options.response.end()
  }

  async reset(): Promise<void> {
    await setTimeout(LEAVE_MS, undefined, { signal: this.options.gone })
    this.socket.resetAndDestroy()
  }

  cut(): void {
    this.socket.end()
  }

  private get socket(): Socket {
    const { socket } = this.options.response
    if (!socket) throw new Error('the client is gone')
    return socket
  }

  private async headByBytes(headers: Record<string, string>, byteMs: number): Promise<void> {
    const { reply, gone } = this.options
    this.isRaw = true
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const status = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}\r\n`
    for (const byte of `${status}${lines.join('')}connection: close\r\n\r\n`) {
      this.socket.write(byte)
      await setTimeout(byteMs, undefined, { signal: gone })
    }
  }

  private async encoded(bytes: Buffer): Promise<Buffer> {
    if (!this.options.reply.encoding) return bytes
    this.gzip ??= createGzip({ flush: constants.Z_SYNC_FLUSH })
    this.gzip.write(bytes)
    return drained(this.gzip)
  }

  private pieces(bytes: Buffer): Buffer[] {
    const { splitEvery = bytes.length, splitAt = [] } = this.options.reply
    const places = splitAt === 'next' ? [this.options.turn + 1] : splitAt
    const cuts = new Set(places.map((place) => place - this.offset))
    for (let cut = splitEvery; cut < bytes.length; cut += splitEvery) cuts.add(cut)
    const inside = [...cuts].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b)
    return [0, ...inside].map((start, index) => bytes.subarray(start, inside[index]))
  }

  private async put(piece: Buffer): Promise<void> {
    const { response, reply, gone, sent } = this.options
    const room = (reply.resetAfterBytes ?? Infinity) - this.offset
    const bytes = piece.subarray(0, Math.min(piece.length, room))
    this.offset += bytes.length
    sent(this.offset)
    const stream = this.isRaw ? this.socket : response
    if (bytes.length > 0 && !stream.write(bytes)) await once(stream, 'drain', { signal: gone })
    if (piece.length < room) return
    await this.reset()
    throw new WireReset('the reply ends with a reset')
  }
}

/** What a compressor has given out once it has taken in everything. */
async function drained(gzip: Gzip): Promise<Buffer> {
  const isEnding = gzip.writableEnded
  const parts: Buffer[] = []
  const take = (part: Buffer) => void parts.push(part)
  gzip.on('data', take)
  if (isEnding) await once(gzip, 'end')
  else await new Promise<void>((resolve) => gzip.flush(() => resolve()))
  gzip.off('data', take)
  return Buffer.concat(parts)
}
