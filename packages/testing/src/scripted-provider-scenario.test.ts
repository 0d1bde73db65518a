import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { startScriptedProvider } from './scripted-provider.js'
import { listScenarios, parseScenario, readScenario } from './scripted-provider-scenario.js'

const about = 'Does what this test says.'
const expected = { outcome: 'finished' }

async function play(reply: object, body: object = {}): Promise<Buffer[]> {
  const scenario = parseScenario({ about, expect: expected, replies: [reply] }, 'of the test')
  await using provider = await startScriptedProvider({ scenario })
  return await ask(provider.url, body)
}

/** The parts of the body as they came; fetch would put them together and decompress them. */
async function ask(url: string, body: object = {}): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/chat/completions`, { method: 'POST' }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('end', () => resolve(parts)).once('error', reject)
    })
    outgoing.once('error', reject).end(JSON.stringify({ stream: true, ...body }))
  })
}

const textOf = (parts: readonly Buffer[]) => Buffer.concat(parts).toString()

describe('a scenario file', () => {
  test.each(listScenarios())('%s is valid', (name) => {
    expect(readScenario(name).replies.length).toBeGreaterThan(0)
  })

  test.each([
    ['a step of two things', { steps: [{ done: true, finish: 'stop' }] }, 'exactly one thing'],
    ['a step of nothing', { steps: [{}] }, 'exactly one thing'],
    ['an unknown step', { steps: [{ txt: ['a'] }] }, 'Unrecognized key: "txt"'],
    ['a mistake within repeated steps', { steps: [{ repeat: { steps: [{ waitMs: -1 }] } }] }, '-1'],
    ['an unknown setting', { stepz: [] }, 'Unrecognized key: "stepz"'],
    ['a status that ends nothing', { status: 100 }, 'status'],
    ['bytes that are not base64', { steps: [{ base64: '?' }] }, 'base64'],
  ])('with %s is refused, and the error says where', (_, reply, problem) => {
    const parse = () => parseScenario({ about, expect: expected, replies: [reply] }, 'wrong')
    expect(parse).toThrow('scenario wrong cannot be used')
    expect(parse).toThrow(problem === '-1' ? 'replies[0].steps[0].repeat.steps[0].waitMs' : problem)
  })

  test('names every mistake at once', () => {
    const parse = () => parseScenario({ about: '', replies: [] }, 'wrong')
    for (const place of ['about', 'expect', 'replies']) expect(parse).toThrow(`at ${place}`)
  })
})

describe('a reply', () => {
  test('is the first that fits the request', async () => {
    const replies = [
      { when: { path: '/v1/embeddings' }, steps: [{ raw: 'another path' }] },
      { when: { model: 'special' }, steps: [{ raw: 'special' }] },
      { when: { nth: 2 }, steps: [{ raw: 'second' }] },
      { when: { stream: false }, steps: [{ raw: 'whole' }] },
      { steps: [{ raw: 'any' }] },
    ]
    const scenario = parseScenario({ about, expect: expected, replies }, 'of the test')
    await using provider = await startScriptedProvider({ scenario })
    const asked = [{}, {}, { model: 'special' }, { stream: false }]
    const answers: string[] = []
    for (const body of asked) answers.push(textOf(await ask(provider.url, body)))
    expect(answers).toEqual(['any', 'second', 'special', 'whole'])
    const other = await fetch(`${provider.url}/embeddings`, { method: 'POST', body: '{}' })
    expect(await other.text()).toBe('another path')
    expect(provider.requests.map(({ path }) => path).at(-1)).toBe('/v1/embeddings')
  })

  test('comes in exactly the pieces it is split into', async () => {
    const parts = await play({ splitAt: [1, 4], steps: [{ raw: 'ab' }, { raw: 'cdé' }] })
    expect(parts.map((part) => part.toString('latin1'))).toEqual(['a', 'b', 'cd', 'Ã©'])
    const bytes = await play({ splitEvery: 1, steps: [{ raw: 'é!' }] })
    expect(bytes.map((part) => [...part])).toEqual([[0xc3], [0xa9], [0x21]])
  })

  test('writes what its steps say, with the line ends it is given', async () => {
    const steps = [
      { comment: 'hello' },
      { data: '{' },
      { event: { a: 1 } },
      { base64: 'AAE=' },
      { repeat: { times: 2, steps: [{ raw: 'x' }] } },
      { fillBytes: 3 },
      { done: true },
    ]
    const text = textOf(await play({ lineEnd: 'crlf', steps }))
    expect(text).toBe(
      ': hello\r\n\r\ndata: {\r\n\r\ndata: {"a":1}\r\n\r\n\0\u0001xxaaadata: [DONE]\r\n\r\n',
    )
  })

  test('breaks off at the byte it says', async () => {
    const steps = [{ raw: '0123456789' }]
    await expect(play({ resetAfterBytes: 4, steps })).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(play({ steps: [...steps, { cut: true }] })).rejects.toThrow('aborted')
  })

  test('can be compressed, and can end with its connection', async () => {
    const steps = [{ raw: 'first' }, { raw: ' second' }]
    const scenario = (reply: object) =>
      parseScenario({ about, expect: expected, replies: [{ ...reply, steps }] }, 'of the test')
    await using provider = await startScriptedProvider({ scenario: scenario({ encoding: 'gzip' }) })
    const post = async () =>
      fetch(`${provider.url}/chat/completions`, { method: 'POST', body: '{}' })
    const packed = await post()
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(await packed.text()).toBe('first second')
    for (const reply of [{ framing: 'until-close' }, { headerByteMs: 1 }]) {
      provider.setScenario(scenario(reply))
      const response = await post()
      expect(response.headers.get('transfer-encoding')).toBeNull()
      expect(response.headers.get('connection')).toBe('close')
      expect(await response.text()).toBe('first second')
    }
  })

  test('is told apart by who closed its connection', async () => {
    const replies = [{ steps: [{ raw: 'a' }, { stall: true }] }]
    const stalling = parseScenario({ about, expect: expected, replies }, 'of the test')
    await using provider = await startScriptedProvider({ scenario: stalling })
    const { hostname, port } = new URL(provider.url)
    const socket = connect(Number(port), hostname)
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')
    await vi.waitFor(() => expect(provider.requests[0]?.sentBytes).toBe(1))
    expect(provider.openSockets).toBe(1)
    socket.destroy()
    await vi.waitFor(() => expect(provider.openSockets).toBe(0))
    expect(provider.sockets[0]?.closedBy).toBe('client')
    expect(provider.requests[0]).toMatchObject({ aborted: true, finished: false, closed: true })

    provider.setScenario({ resetAfter: 0 })
    await expect(ask(provider.url)).rejects.toThrow()
    await vi.waitFor(() => expect(provider.sockets[1]?.closedBy).toBe('provider'))
  })
})
