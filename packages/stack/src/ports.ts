import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

const HOST = '127.0.0.1'

async function listen(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, HOST)
  await once(server, 'listening')
  return server
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, async () => listen(0)))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map(async (server) => close(server)))
  return ports
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('no port is free')
  return port
}

/** Whether nothing listens there yet. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port))
    return true
  } catch {
    return false
  }
}

async function close(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
