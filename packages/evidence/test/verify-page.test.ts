import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildBundle, editLines, type Members } from './bundle-builder.js'
import { storyLog, VKEY } from './test-log.js'
import { zipOf } from './zip-writer.js'

const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const executablePath = PLACES.find((path) => path !== undefined && existsSync(path))
const page = new URL('../verify.html', import.meta.url)

test('the page asks for nothing from a network', () => {
  const html = readFileSync(page, 'utf8')
  expect(html).toContain(
    `default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'`,
  )
  expect(html).not.toMatch(/\b(?:src|href)=|node:|\bimport\(/)
})

describe.skipIf(executablePath === undefined)('the page in a browser', () => {
  const log = storyLog()
  let browser: Browser
  let tab: Page
  const requests: string[] = []

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] } as object)
    tab = await browser.newPage()
    tab.on('request', (request) => requests.push(request.url()))
    await tab.goto(page.href)
  })
  afterAll(async () => {
    await browser.close()
  })

  async function verify(
    members: Members,
    { keys = VKEY, previous = '', member = {} } = {},
  ): Promise<{ verdict: string; text: string }> {
    const buffer = zipOf(members, member)
    await tab.setInputFiles('#bundle', { name: 'x.zip', mimeType: 'application/zip', buffer })
    await tab.fill('#keys', keys)
    await tab.fill('#previous', previous)
    await tab.click('#verify')
    await tab.locator('#verdict:not(:empty)').waitFor()
    const verdict = (await tab.getAttribute('#verdict', 'data-result')) ?? ''
    const text = (await tab.textContent('#result')) ?? ''
    return { verdict, text }
  }

  test('a valid bundle is valid, deflated or stored', async () => {
    for (const isStored of [false, true]) {
      const members = await buildBundle({ log, kind: 'full', previousSize: 5n })
      const { verdict, text } = await verify(members, { member: { isStored } })
      expect(verdict, text).toBe('valid')
      expect(text).toContain('What was not checked')
    }
  })

  test('an earlier checkpoint that was pasted counts', async () => {
    const members = await buildBundle({ log, kind: 'excerpt', seqs: [7n], previousSize: 5n })
    const same = await verify(members, { previous: log.checkpoint(5n) })
    expect(same).toMatchObject({ verdict: 'valid' })
    expect(same.text).toContain('continues the earlier checkpoint of 5 records')
    const other = await verify(members, { previous: log.checkpoint(6n) })
    expect(other.text).toContain('previous_differs')
  })

  test.each([
    ['commitment', 'content.jsonl', { value: 'else' }],
    ['erasure_mismatch', 'erasures.jsonl', { legal_basis: 'else' }],
  ] as const)('%s is found', async (code, path, change) => {
    const members = await buildBundle({
      log,
      kind: 'full',
      members: (all) =>
        editLines(all, path, (value, index) => (index === 0 ? { ...value, ...change } : value)),
    })
    const { verdict, text } = await verify(members)
    expect(verdict).toBe('invalid')
    expect(text).toContain(code)
  })

  test('a damaged member, a wrong key, and what is no bundle', async () => {
    const members = await buildBundle({ log, kind: 'full' })
    const damaged = new Map([...members, ['SPEC.md', Buffer.from('x')]])
    expect((await verify(damaged)).text).toContain('member_hash')
    expect((await verify(members, { keys: 'x' })).verdict).toBe('error')
    expect((await verify(new Map([['a', Buffer.from('x')]]))).text).toContain('manifest_missing')
    expect((await verify(new Map([['../a', Buffer.from('x')]]))).text).toContain('bundle_unsafe')
  })

  test('deflated data that goes on after its end is refused', async () => {
    const members = await buildBundle({ log, kind: 'full' })
    const data = Buffer.from('x'.repeat(500))
    const { text } = await verify(new Map([...members, ['SPEC.md', data]]), {
      member: { packedTail: Buffer.from('y') },
    })
    expect(text).toContain('member_unreadable')
  })

  test('nothing was asked for but the page', () => {
    expect(requests.map((url) => fileURLToPath(url))).toEqual([fileURLToPath(page)])
  })
})
