import { execFile } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { promisify } from 'node:util'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isRunning, processesIn, waitUntil } from '../src/index.js'
import { alive, FakeCheckout, NAMES } from './start.js'

let checkout: FakeCheckout
beforeEach(async () => {
  checkout = await FakeCheckout.create()
})
afterEach(async () => {
  await checkout[Symbol.asyncDispose]()
}, 60_000)

describe('a start', () => {
  test('names everything on one line, keeps secrets private, and stops in order', async () => {
    const run = checkout.start()
    const ready = await run.ready()
    expect(ready).toMatchObject({ version: 1, data_dir: checkout.dataDir, api_key: 'lc_fake' })
    expect(ready.services.map(({ name }) => name)).toEqual(NAMES)
    expect(alive(ready)).toHaveLength(ready.redis ? 7 : 6)
    expect(checkout.journal().filter(({ what }) => what === 'started').length).toBe(5)

    const secrets = join(checkout.dataDir, 'secrets')
    expect((await stat(secrets)).mode & 0o777).toBe(0o700)
    const modes = readdirSync(secrets).map((name) => statSync(join(secrets, name)).mode & 0o777)
    expect(new Set(modes)).toEqual(new Set([0o600]))
    for (const name of NAMES) {
      expect((await stat(join(checkout.dataDir, 'certs', name, 'tls.key'))).mode & 0o777).toBe(
        0o600,
      )
    }
    // No secret shows in the list of processes.
    const masterKey = (await readFile(join(secrets, 'audit_master_key'), 'utf8')).trim()
    const signingKey = await readFile(join(secrets, 'audit_signing_key'), 'utf8')
    expect(createPrivateKey(signingKey).asymmetricKeyType).toBe('ed25519')
    for (const { pid } of ready.services) {
      const shown =
        readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8')
      for (const secret of [
        masterKey,
        signingKey.trim(),
        ready.login.password,
        ready.operator.password,
      ]) {
        expect(shown).not.toContain(secret)
      }
    }

    expect(await run.stop()).toBe(0)
    expect(alive(ready)).toEqual([])
    const stops = checkout.journal().filter(({ what }) => what === 'stopped by SIGTERM')
    const order = stops.map(({ name }) => name)
    expect(order[0]).toBe('gateway')
    expect(order.slice(1, 4).sort()).toEqual(['compliance', 'llm', 'rag'])
    expect(order[4]).toBe('audit')
    // PostgreSQL was shut down, not killed: its own note of a running server is gone.
    expect(existsSync(join(checkout.dataDir, 'postgres/postmaster.pid'))).toBe(false)
  }, 60_000)

  test('goes on without a guide that cannot be imported, and stops while one is', async () => {
    const guide = join(checkout.root, 'knowledge/guide')
    await mkdir(guide, { recursive: true })
    const text = '---\ntitle: Lamps\ndated_at: 2031-01-01\nlanguage: en\n---\nLamps burn.\n'
    await writeFile(join(guide, 'lamps.md'), text)
    const run = checkout.start()
    await run.ready()
    expect(run.stderr).toMatch(/The guide was not imported \(the server refused.*\n/)
    expect(await run.stop()).toBe(0)

    const hung = checkout.start({ GATEWAY_FAKE_SILENT: 'yes' })
    const isAsked = (): boolean =>
      checkout.journal().some(({ what }) => what === 'asked for shared knowledge')
    expect(await waitUntil(isAsked, 60_000)).toBe(true)
    expect(await hung.stop()).toBe(143)
    expect(hung.stdout).toBe('')
  }, 120_000)

  test('gives a setting to the service it belongs to, and to no other', async () => {
    const ready = await checkout.start({ LLM_PROVIDER: 'extractive', AWS_SECRET: 'x' }).ready()
    for (const { name, pid } of ready.services) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      expect(environment.includes('LLM_PROVIDER=extractive')).toBe(name === 'llm')
      expect(environment.includes('MASTER_KEY')).toBe(name === 'audit')
      expect(environment.includes('AUDIT_SIGNING_KEY_FILE')).toBe(name === 'audit')
      expect(environment).not.toContain('AWS_SECRET')
    }
  }, 60_000)

  test('a second one keeps logins and data; one beside it is refused', async () => {
    const first = checkout.start()
    const before = await first.ready()
    expect(await checkout.start().failure()).toMatchObject({
      code: 'ALREADY_RUNNING',
      pid: first.process.pid,
    })
    expect(alive(before)).toHaveLength(before.redis ? 7 : 6)
    await first.stop('SIGINT')
    const after = await checkout.start().ready()
    expect(after.login).toEqual(before.login)
    expect(after.operator).toEqual(before.operator)
    const created = checkout.journal().filter(({ what }) => what === 'organization created')
    expect(created).toHaveLength(1)
  }, 90_000)
})

describe.skipIf(process.getuid?.() !== 0)('as root', () => {
  test('PostgreSQL runs as another user, and reads no secret', async () => {
    const ready = await checkout.start().ready()
    const status = readFileSync(`/proc/${ready.postgres.pid}/status`, 'utf8')
    const [, uid] = /^Uid:\t(\d+)/m.exec(status) ?? []
    expect(Number(uid)).toBeGreaterThan(0)
    expect((await stat(join(checkout.dataDir, 'postgres'))).uid).toBe(Number(uid))
    expect((await stat(join(checkout.dataDir, 'secrets'))).uid).toBe(0)
  }, 60_000)

  test('in a folder nobody else may enter, the database goes elsewhere, says so, and stays', async () => {
    await using closed = await FakeCheckout.create(0o700)
    const first = closed.start()
    const ready = await first.ready()
    const place = /binaries and data are in (\S+)/.exec(first.stderr)?.[1] ?? ''
    expect(place).toMatch(/^\/var\/lib\/lexcustis\/[0-9a-f]+$/)
    try {
      expect(existsSync(join(closed.dataDir, 'postgres'))).toBe(false)
      await first.stop()
      await chmod(closed.root, 0o755)
      const second = closed.start()
      expect((await second.ready()).login).toEqual(ready.login)
      expect(second.stderr).toContain(place)
      await second.stop()
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  }, 90_000)
})

describe('after kill -9 of the launcher', () => {
  test('everything ends by itself within ten seconds, and the next start works at once', async () => {
    const run = checkout.start()
    const ready = await run.ready()
    run.process.kill('SIGKILL')
    expect(await waitUntil(() => alive(ready).length === 0, 10_000)).toBe(true)
    const stops = checkout.journal().filter(({ what }) => what === 'stopped by lifeline')
    expect(stops).toHaveLength(5)

    const again = checkout.start()
    const second = await again.ready()
    again.process.kill('SIGKILL')
    const third = await checkout.start().ready()
    expect(alive(second)).toEqual([])
    expect(third.login).toEqual(ready.login)
  }, 120_000)

  test('neither a pid that was used again nor a half-written note holds up a start', async () => {
    const run = checkout.start()
    await run.ready()
    await run.stop()
    // This process runs, and is neither a launcher nor a database.
    const lock = join(checkout.dataDir, 'lock')
    await writeFile(lock, JSON.stringify({ pid: process.pid, startTime: '1' }))
    const pidFile = join(checkout.dataDir, 'postgres/postmaster.pid')
    await writeFile(pidFile, `${process.pid}\n${checkout.dataDir}/postgres\n1\n1\n`)
    await writeFile(join(checkout.dataDir, 'run.json'), '{"audit":{"pi')
    const again = checkout.start()
    await again.ready()
    await again.stop()
    await writeFile(lock, '{"pid":')
    await checkout.start().ready()
    expect(isRunning(process.pid)).toBe(true)
  }, 120_000)
})

describe('what dies while it runs', () => {
  test('a service and the database are started again, and it is said in one line', async () => {
    const run = checkout.start()
    const ready = await run.ready()
    const rag = ready.services.find(({ name }) => name === 'rag')!
    process.kill(rag.pid, 'SIGKILL')
    const starts = () =>
      checkout.journal().filter(({ name, what }) => name === 'rag' && what === 'started')
    expect(await waitUntil(() => starts().length === 2, 10_000)).toBe(true)
    process.kill(ready.postgres.pid, 'SIGKILL')
    const said = () => run.stderr.split('\n').filter((line) => line.includes('starting it again'))
    expect(await waitUntil(() => said().length === 2, 10_000)).toBe(true)
    expect(said()).toEqual([
      'lexcustis: rag ended (SIGKILL); starting it again (1 of 3 in a minute)',
      'lexcustis: postgres ended (SIGKILL); starting it again (1 of 3 in a minute)',
    ])
    expect(await run.stop()).toBe(0)
    expect(alive(ready)).toEqual([])
  }, 60_000)

  test('the fourth death in a minute stops everything', async () => {
    const run = checkout.start()
    const ready = await run.ready()
    for (let deaths = 1; deaths <= 4; deaths += 1) {
      const starts = () =>
        checkout.journal().filter(({ name, what }) => name === 'llm' && what === 'started')
      await waitUntil(() => starts().length === deaths, 10_000)
      process.kill(starts().at(-1)!.pid, 'SIGKILL')
    }
    expect(await run.failure()).toMatchObject({ code: 'CHILD_DIED', child: 'llm' })
    expect(alive(ready)).toEqual([])
  }, 60_000)

  test('a service that never comes up is reported with its own words', async () => {
    const failure = await checkout.start({ AUDIT_FAKE_CRASH: 'AUDIT_ORIGIN: is empty' }).failure()
    expect(failure).toMatchObject({ code: 'CHILD_DIED', child: 'audit' })
    expect(failure.hint).toContain('AUDIT_ORIGIN: is empty')
    expect(failure.hint).not.toMatch(/\n\s+at /)
  }, 60_000)

  test('a service that does not stop is killed, a hanging gateway after its drain', async () => {
    const run = checkout.start({
      GATEWAY_FAKE_HANG: '1',
      RAG_FAKE_HANG: '1',
      GATEWAY_DRAIN_MS: '500',
    })
    const ready = await run.ready()
    expect(await run.stop()).toBe(0)
    expect(alive(ready)).toEqual([])
  }, 60_000)
})

describe('signals', () => {
  const hanging = { GATEWAY_FAKE_HANG: '1', GATEWAY_DRAIN_MS: '20000' }

  test('two in a moment are one: the drain goes on', async () => {
    const run = checkout.start({ ...hanging, GATEWAY_DRAIN_MS: '500' })
    await run.ready()
    run.process.kill('SIGINT')
    run.process.kill('SIGTERM')
    expect(await run.exit).toBe(0)
    const stops = checkout.journal().filter(({ what }) => what === 'stopped by SIGTERM')
    expect(stops).toHaveLength(4)
  }, 60_000)

  test('a later second one kills what still drains', async () => {
    const run = checkout.start(hanging)
    const ready = await run.ready()
    run.process.kill('SIGINT')
    // A busy machine may deliver the first signal late; the second must come a second after that.
    await new Promise((resolve) => setTimeout(resolve, 4_000))
    expect(alive(ready).length).toBeGreaterThan(0)
    run.process.kill('SIGINT')
    expect(await run.exit).toBe(137)
    expect(alive(ready)).toEqual([])
  }, 60_000)

  test('one that comes before the stack is ready leaves nothing behind', async () => {
    const run = checkout.start()
    await waitUntil(() => run.stderr.includes('Starting PostgreSQL'), 30_000)
    expect(await run.stop('SIGTERM')).toBe(143)
    expect(run.stdout).toBe('')
    expect(processesIn(join(checkout.dataDir, 'postgres'))).toEqual([])
    expect((await checkout.start().ready()).version).toBe(1)
  }, 60_000)
})

describe('what stands in the way of a start', () => {
  test('a port in use is named, with its service and what to do', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    try {
      const env = { LEXCUSTIS_PORTS: 'fixed', AUDIT_GRPC_PORT: String(port) }
      const failure = await checkout.start(env).failure()
      expect(failure).toMatchObject({ code: 'PORT_BUSY', port, service: 'audit' })
      expect(failure.hint).toContain('AUDIT_GRPC_PORT')
    } finally {
      server.close()
    }
  }, 60_000)

  test('a data folder that is a file is reported, not replaced', async () => {
    await writeFile(checkout.dataDir, 'mine')
    expect(await checkout.start().failure()).toMatchObject({ code: 'DATA_DAMAGED' })
    expect(await readFile(checkout.dataDir, 'utf8')).toBe('mine')
  })
})

describe('a damaged data folder', () => {
  let finished: FakeCheckout
  beforeAll(async () => {
    finished = await FakeCheckout.create()
    const run = finished.start()
    await run.ready()
    await run.stop()
  }, 60_000)
  afterAll(async () => finished[Symbol.asyncDispose]())

  test.each([
    [
      'a cut control file',
      async (dir: string) => truncate(join(dir, 'postgres/global/pg_control'), 0),
    ],
    [
      'a cluster without its version',
      async (dir: string) => unlink(join(dir, 'postgres/PG_VERSION')),
    ],
    [
      'a database that is gone',
      async (dir: string) => rm(join(dir, 'postgres'), { recursive: true }),
    ],
    ['secrets that are gone', async (dir: string) => rm(join(dir, 'secrets'), { recursive: true })],
    [
      'a master key that is gone',
      async (dir: string) => unlink(join(dir, 'secrets/audit_master_key')),
    ],
    [
      'a wrong password',
      async (dir: string) =>
        writeFile(
          join(dir, 'secrets/postgres_database_url'),
          'postgres://postgres:wrong@127.0.0.1:1/lexcustis',
        ),
    ],
  ])(
    '%s is damage, and nothing is thrown away',
    async (_, damage) => {
      const dataDir = join(checkout.root, 'copy')
      await promisify(execFile)('cp', ['-pR', finished.dataDir, dataDir])
      await damage(dataDir)
      const before = await holdings(dataDir)
      const failure = await checkout.start({ LEXCUSTIS_DATA_DIR: dataDir }).failure()
      expect(failure.code).toBe('DATA_DAMAGED')
      expect(failure.hint).not.toContain('\n')
      expect(await holdings(dataDir)).toEqual(before)
      expect(processesIn(join(dataDir, 'postgres'))).toEqual([])
    },
    60_000,
  )
})

describe('the key that signs checkpoints', () => {
  let finished: FakeCheckout
  let signingKey: string
  let masterKey: string
  beforeEach(async () => {
    finished = await FakeCheckout.create()
    const run = finished.start()
    await run.ready()
    await run.stop()
    signingKey = join(finished.dataDir, 'secrets/audit_signing_key')
    masterKey = join(finished.dataDir, 'secrets/audit_master_key')
  }, 60_000)
  afterEach(async () => finished[Symbol.asyncDispose]())

  test('is made for a folder of a version that had none; a rotated master key stays', async () => {
    const before = await readFile(signingKey, 'utf8')
    await unlink(signingKey)
    const key = (await readFile(masterKey, 'utf8')).trim()
    const rotated = JSON.stringify({ current: 'mac-2', keys: { 'mac-1': key, 'mac-2': key } })
    await writeFile(masterKey, rotated)
    // An empty tree of folders is no checkpoint.
    await mkdir(join(finished.dataDir, 'checkpoints/some/log'), { recursive: true })
    const run = finished.start()
    await run.ready()
    await run.stop()
    const made = await readFile(signingKey, 'utf8')
    expect(made).not.toBe(before)
    expect((await stat(signingKey)).mode & 0o777).toBe(0o600)
    expect(await readFile(masterKey, 'utf8')).toBe(rotated)
    // The next start keeps it.
    await mkdir(join(finished.dataDir, 'checkpoints/org/inc'), { recursive: true })
    await writeFile(join(finished.dataDir, 'checkpoints/org/inc/1'), 'note')
    const again = finished.start()
    await again.ready()
    await again.stop()
    expect(await readFile(signingKey, 'utf8')).toBe(made)
  }, 90_000)

  test.each([
    ['gone', async () => unlink(signingKey)],
    ['empty', async () => truncate(signingKey, 0)],
  ])(
    '%s when it has signed is damage',
    async (_, damage) => {
      await mkdir(join(finished.dataDir, 'checkpoints/org/inc'), { recursive: true })
      await writeFile(join(finished.dataDir, 'checkpoints/org/inc/1'), 'note')
      await damage()
      const failure = await finished.start().failure()
      expect(failure).toMatchObject({ code: 'DATA_DAMAGED', path: signingKey })
      expect(existsSync(signingKey) && (await readFile(signingKey, 'utf8')) !== '').toBe(false)
    },
    60_000,
  )

  test('beside a set of master keys that is cut off is of no use', async () => {
    await writeFile(masterKey, '{"current":"mac-1","keys":{"mac-1":"TOP-SECRET')
    const failure = await finished.start().failure()
    expect(failure).toMatchObject({ code: 'DATA_DAMAGED', path: masterKey })
    expect(JSON.stringify(failure)).not.toContain('TOP-SECRET')
  }, 60_000)
})

/** What must not be replaced: the key of the log, and the tables. */
async function holdings(dataDir: string): Promise<{ masterKey: string; hasTables: boolean }> {
  const masterKey = join(dataDir, 'secrets/audit_master_key')
  return {
    masterKey: await readFile(masterKey, 'utf8').catch(() => 'none'),
    hasTables: existsSync(join(dataDir, 'postgres/base')),
  }
}
