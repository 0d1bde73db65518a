import { describe, expect, test } from 'vitest'
import { createLogger } from './logger.js'

function lines(use: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const written: string[] = []
  use(createLogger({ service: 'test', destination: { write: (line) => written.push(line) } }))
  return written.map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('the logger', () => {
  test('drops fields that are not on the list', () => {
    const [line] = lines((log) =>
      log.info({ port: 1, prompt: 'my secret', password: 'x' }, 'started'),
    )
    expect(line).toMatchObject({ service: 'test', level: 'info', port: 1, message: 'started' })
    expect(JSON.stringify(line)).not.toContain('secret')
    expect(line).not.toHaveProperty('password')
  })

  test('an error shows where, never what: drivers quote rows and URLs in their messages', () => {
    const cause = Object.assign(new Error('Key (email)=(a@b.eu) exists'), { code: '23505' })
    const [line] = lines((log) =>
      log.error({ error: new Error('a@b.eu failed', { cause }) }, 'insert failed'),
    )
    expect(JSON.stringify(line)).not.toContain('a@b.eu')
    expect(line).toMatchObject({ error: { name: 'Error', cause: { code: '23505' } } })
  })
})
