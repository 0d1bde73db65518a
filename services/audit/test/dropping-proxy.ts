import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface DroppingProxy extends AsyncDisposable {
  readonly port: number
  /** Connections cut so far: one at most. */
  dropped(): number
}

/**
 * Stands before PostgreSQL and, the first time a client sends `marker`, passes it on and cuts the
 * connection when the answer comes: the server did it, and the client never hears so.
 */
export async function startDroppingProxy(to: number, marker: string): Promise<DroppingProxy> {
  const sockets = new Set<Socket>()
  let dropped = 0
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    let isDoomed = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (data) => {
      if (dropped === 0 && data.includes(marker)) {
        isDoomed = true
        dropped += 1
      }
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (isDoomed) client.destroy()
      else client.write(data)
    })
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    dropped: () => dropped,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
