const [LF, CR] = [10, 13]
const BYTE_ORDER_MARK = Buffer.from('\uFEFF')
const LINE_END = Buffer.from('\n')
/** As much of a line as tells what it is. */
const FIELD_BYTES = 'event:'.length
/** No vendor names an event at such length; the rest of the name is of no use to anybody. */
const MAX_NAME_BYTES = 256
const NOTHING: Buffer = Buffer.alloc(0)

/**
 * What of an event stream has a meaning for an answer: events that have data, without comments, ids and
 * times to reconnect. By the standard an event without data is none, whatever its name
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage); the SDKs of the
 * vendors read it as JSON all the same, and the answer would end there.
 */
export class EventLines {
  private isFirstLine = true
  /** The byte before was a carriage return: a line feed behind it belongs to it. */
  private isAfterCr = false
  private hasData = false
  /** The name of the event that has no data so far, with its line end. */
  private name = NOTHING
  /** The line that has not ended, or its beginning. */
  private line = NOTHING
  private kind: 'data' | 'name' | 'other' | undefined

  /** What of these bytes and of what was held back is to be read, with a line feed behind each line. */
  write(bytes: Buffer): Buffer {
    const out: Buffer[] = []
    let at = 0
    while (at < bytes.length) {
      if (this.isAfterCr && bytes[at] === LF) at += 1
      const end = lineEndIn(bytes, at)
      this.add(bytes.subarray(at, end), out)
      if (end < bytes.length) this.end(out)
      this.isAfterCr = bytes[end] === CR
      at = end + 1
    }
    return Buffer.concat(out)
  }

  private add(part: Buffer, out: Buffer[]): void {
    if (this.kind === 'data') out.push(part)
    else if (this.kind !== 'other' && this.line.length <= MAX_NAME_BYTES) {
      this.line = this.line.length > 0 ? Buffer.concat([this.line, part]) : part
      if (!this.kind && this.line.length >= FIELD_BYTES + this.markBytes()) this.recognise(out)
    }
  }

  /** A byte order mark may stand before the first line. */
  private markBytes(): number {
    return this.isFirstLine ? BYTE_ORDER_MARK.length : 0
  }

  private recognise(out: Buffer[]): void {
    const isMarked = this.line.subarray(0, this.markBytes()).equals(BYTE_ORDER_MARK)
    if (isMarked) this.line = this.line.subarray(BYTE_ORDER_MARK.length)
    this.kind = fieldOf(this.line)
    if (this.kind !== 'data') return
    out.push(this.name, this.line)
    this.name = NOTHING
    this.hasData = true
  }

  private end(out: Buffer[]): void {
    if (!this.kind) this.recognise(out)
    if (this.kind === 'data') out.push(LINE_END)
    else if (this.kind === 'name') this.endName(out)
    else if (this.line.length === 0) this.endEvent(out)
    this.isFirstLine = false
    this.kind = undefined
    this.line = NOTHING
  }

  private endName(out: Buffer[]): void {
    const name = Buffer.concat([this.line, LINE_END])
    if (this.hasData) out.push(name)
    else this.name = name
  }

  private endEvent(out: Buffer[]): void {
    if (this.hasData) out.push(LINE_END)
    this.hasData = false
    this.name = NOTHING
  }
}

function fieldOf(line: Buffer): 'data' | 'name' | 'other' {
  const text = line.subarray(0, FIELD_BYTES).toString('latin1')
  if (text === 'data' || text.startsWith('data:')) return 'data'
  return text === 'event' || text === 'event:' ? 'name' : 'other'
}

function lineEndIn(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF, from)
  const cr = bytes.subarray(from, lf < 0 ? bytes.length : lf).indexOf(CR)
  if (cr >= 0) return from + cr
  return lf < 0 ? bytes.length : lf
}
