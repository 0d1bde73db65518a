import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { startTestRedis } from './redis.js'

async function speak(port: number, lines: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${lines}QUIT\r\n`)
  let reply = ''
  for await (const chunk of socket) reply += String(chunk)
  return reply
}

describe('a throw-away Redis', () => {
  test('asks for its password and comes back after kill -9', async ({ skip }) => {
    const redis = await startTestRedis()
    if (!redis) return skip('no redis-server on this machine')
    try {
      const auth = `AUTH ${decodeURIComponent(new URL(redis.url).password)}\r\n`
      expect(await speak(redis.port, 'PING\r\n')).toContain('NOAUTH')
      expect(await speak(redis.port, `${auth}PING\r\n`)).toContain('+PONG')
      await redis.kill()
      await expect(speak(redis.port, 'PING\r\n')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      await redis.start()
      expect(await speak(redis.port, `${auth}PING\r\n`)).toContain('+PONG')
    } finally {
      await redis[Symbol.asyncDispose]()
    }
  })
})
