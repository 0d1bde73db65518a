import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Calls, type Fault, strikeSelf } from './calls.js'

export interface FaultyDatabase extends AsyncDisposable {
  readonly url: string
}

/** What the server says to a statement that is refused: SQLSTATE 53100, disk_full. */
const REFUSED = `DO $$ BEGIN RAISE EXCEPTION 'made to fail' USING ERRCODE = '53100'; END $$`
/** Of the text of a statement. */
const NAME_LENGTH = 80
const TYPE_BYTES = 1
const LENGTH_BYTES = 4

/**
 * Stands before PostgreSQL and reads its protocol (version 3.0, PostgreSQL documentation, chapter
 * "Frontend/Backend Protocol"). A call is all that the server answers with one ReadyForQuery: the
 * start of a connection, a simple query, or messages up to a Sync.
 */
export async function startFaultyDatabase(url: string, calls: Calls): Promise<FaultyDatabase> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    relay(client, upstream, calls)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const faulty = new URL(url)
  faulty.hostname = '127.0.0.1'
  faulty.port = String((server.address() as AddressInfo).port)
  return {
    url: faulty.href,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Call {
  readonly isConnect: boolean
  readonly fault: Fault | undefined
}

function relay(client: Socket, upstream: Socket, calls: Calls): void {
  /** Calls that the server has not answered, oldest first. */
  const open: Call[] = []
  let isCut = false
  const cut = (): void => {
    isCut = true
    client.destroy()
    upstream.destroy()
  }
  const make = (name: string, messages: readonly Buffer[]): void => {
    const isConnect = name === 'connect'
    const fault = calls.next(name)
    if (fault === 'not done' || (fault === 'refused' && isConnect)) {
      cut()
      return
    }
    if (fault === 'SIGSTOP') strikeSelf(fault)
    open.push({ isConnect, fault })
    upstream.write(fault === 'refused' ? query(REFUSED) : Buffer.concat(messages))
  }
  const answer = (message: Buffer): void => {
    const [call] = open
    const isLast = message[0] === char('Z')
    if (isLast) open.shift()
    const isLost = call?.fault === 'done' || call?.fault === 'SIGKILL'
    // Of a connection that is lost when it is made, what comes before that is let through.
    if (!isLost || (call.isConnect && !isLast)) client.write(message)
    else if (isLast && call.fault === 'SIGKILL') strikeSelf('SIGKILL')
    else if (isLast) cut()
  }

  let pending: Buffer[] = []
  const fromClient = reader(false, (message, isFirst) => {
    if (isCut) return
    const type = isFirst ? undefined : message[0]
    if (type === undefined) make('connect', [message])
    else if (type === char('p') || type === char('X')) upstream.write(message)
    else pending.push(message)
    if (type !== char('Q') && type !== char('S')) return
    const messages = pending
    pending = []
    make(nameOf(messages), messages)
  })
  const fromServer = reader(true, (message) => {
    if (!isCut) answer(message)
  })
  client.on('data', fromClient)
  upstream.on('data', fromServer)
}

/** Cuts what arrives into messages. The first of a client has no type. */
function reader(
  hasType: boolean,
  take: (message: Buffer, isFirst: boolean) => void,
): (data: Buffer) => void {
  let rest = Buffer.alloc(0)
  let isFirst = !hasType
  return (data) => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const before = isFirst ? 0 : TYPE_BYTES
      if (rest.length < before + LENGTH_BYTES) return
      const end = before + rest.readUInt32BE(before)
      if (rest.length < end) return
      const message = rest.subarray(0, end)
      rest = rest.subarray(end)
      const wasFirst = isFirst
      isFirst = false
      take(message, wasFirst)
    }
  }
}

/** The statement itself, or the name under which it was prepared, without what changes every time. */
function nameOf(messages: readonly Buffer[]): string {
  const said = messages.find((message) =>
    [char('Q'), char('P'), char('B')].includes(message[0] ?? 0),
  )
  const text = (said ?? Buffer.alloc(0)).subarray(TYPE_BYTES + LENGTH_BYTES).toString('latin1')
  const parts = said?.[0] === char('P') ? [text.split('\0')[1] ?? ''] : text.split('\0')
  const name = (parts.find((part) => part !== '') ?? '').replace(/\s+/g, ' ').trim()
  return name.slice(0, NAME_LENGTH).replace(/'[0-9a-f-]{36}'/, '*')
}

function query(text: string): Buffer {
  const body = Buffer.from(`${text}\0`)
  const message = Buffer.alloc(TYPE_BYTES + LENGTH_BYTES + body.length)
  message.write('Q')
  message.writeUInt32BE(LENGTH_BYTES + body.length, TYPE_BYTES)
  body.copy(message, TYPE_BYTES + LENGTH_BYTES)
  return message
}

function char(letter: string): number {
  return letter.charCodeAt(0)
}
