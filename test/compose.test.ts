import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureDeploymentSecrets } from '@lexcustis/provision'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

interface Service {
  readonly image: string
  readonly user?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly environment?: Readonly<Record<string, string | null>>
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly mem_limit?: string
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
}

const ROOT = join(import.meta.dirname, '..')
const FOLDER = join(ROOT, 'deploy/compose')
const OURS = ['gateway', 'compliance', 'rag', 'llm', 'audit'] as const
const read = (name: string) =>
  parse(readFileSync(join(FOLDER, name), 'utf8'), { merge: true }) as Compose
const { services, networks } = read('compose.yaml')
const override = read('compose.test.yaml').services

let secrets: string
beforeAll(async () => {
  secrets = mkdtempSync(join(tmpdir(), 'lexcustis-compose-'))
  await ensureDeploymentSecrets({
    directory: secrets,
    hosts: { postgres: { host: 'postgres', port: 5432 }, redis: { host: 'redis', port: 6379 } },
  })
})
afterAll(() => rmSync(secrets, { recursive: true, force: true }))

/** `${NAME:-default}` as compose reads it without an .env; what is null is not set. */
function environmentOf(name: string, environment: Service['environment'] = {}): NodeJS.ProcessEnv {
  const entries = Object.entries(environment).flatMap(([key, value]) => {
    if (value === null) return []
    const text = value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')
    // Volumes are folders of the container.
    const local = text
      .replace(/^\/secrets\b/, join(secrets, name))
      .replace(/^\/(checkpoints|vectors)$/, join(secrets, 'redis'))
    return [[key, local]]
  })
  return Object.fromEntries(entries) as NodeJS.ProcessEnv
}

function checkConfig(name: string, environment: NodeJS.ProcessEnv): unknown {
  const program = join(ROOT, 'services', name, 'dist/main.js')
  try {
    const env = { PATH: process.env['PATH'], ...environment }
    return JSON.parse(
      execFileSync(process.execPath, [program, '--check-config', '--json'], {
        env,
        encoding: 'utf8',
      }),
    )
  } catch (error) {
    return JSON.parse((error as { stdout: string }).stdout)
  }
}

describe('compose.yaml', () => {
  test.each(OURS)('%s accepts its settings, with the secrets that are made for it', (name) => {
    const environment = environmentOf(name, services[name]?.environment)
    expect(checkConfig(name, environment)).toEqual({ ok: true, problems: [] })
  })

  test('rag accepts those of a machine without Qdrant', () => {
    const merged = { ...services['rag']?.environment, ...override['rag']?.environment }
    expect(checkConfig('rag', environmentOf('rag', merged))).toEqual({ ok: true, problems: [] })
  })

  test.each(OURS)('%s runs without rights, on a file system it cannot change', (name) => {
    expect(services[name]).toMatchObject({
      user: '10001:10001',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.any(String) as string,
    })
    expect(services[name]?.cap_add).toBeUndefined()
  })

  test('no container sees the secrets of another', () => {
    for (const [name, { volumes = [] }] of Object.entries(services)) {
      const shown = volumes.filter((volume) => volume.startsWith('./secrets'))
      if (name === 'init') expect(shown).toEqual(['./secrets:/secrets'])
      else
        for (const volume of shown)
          expect(volume).toMatch(new RegExp(`^\\./secrets/${name}:\\S+:ro$`))
    }
    const holders = readdirSync(secrets).filter((name) =>
      readdirSync(join(secrets, name)).includes('master_key'),
    )
    expect(holders).toEqual(['audit'])
  })

  test('only those whom the design names can reach the outside, and only Caddy is reached', () => {
    const outside = Object.entries(services).filter(([, { networks: of }]) =>
      of?.includes('outside'),
    )
    expect(outside.map(([name]) => name).sort()).toEqual([
      'audit',
      'caddy',
      'llm',
      'models',
      'ollama',
    ])
    for (const [name, network] of Object.entries(networks)) {
      expect([name, network?.internal ?? false]).toEqual([name, name !== 'outside'])
    }
    const published = Object.entries(services).filter(([, { ports }]) => ports)
    expect(published.map(([name]) => name)).toEqual(['caddy'])
  })

  test('every image has a version', () => {
    for (const { image } of Object.values(services)) {
      expect(image).toMatch(/:(?:\$\{LEXCUSTIS_VERSION:-)?v?\d+\.\d+/)
    }
  })
})
