import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BREAKS } from './k8s/breaks.js'
import { allowedCalls, waysOutside } from './k8s/network-rules.js'
import { type K8sObject, render, whyNotRendered } from './k8s/render.js'
import { RULES, type RuleName } from './k8s/rules.js'
import { SECRETS } from './k8s/secret-rules.js'
import { checkConfig, localEnvironment, makeSecrets } from './k8s/settings.js'
import { workloadsIn } from './k8s/workloads.js'

const OVERLAYS = ['dev', 'production'] as const
const SERVICES = ['gateway', 'compliance', 'rag', 'llm', 'audit'] as const
const NAMES = Object.keys(RULES) as RuleName[]
const missing = whyNotRendered()

/** Puts `value` at `path` of one object, in a copy of all. */
function changed(
  objects: readonly K8sObject[],
  { object, path, value }: (typeof BREAKS)[number],
): readonly K8sObject[] {
  const copy = structuredClone(objects)
  const found = copy.find(({ kind, metadata }) => `${kind} ${metadata?.name ?? ''}` === object)
  if (!found) throw new Error(`there is no ${object}`)
  let place = found as unknown as Record<string, unknown>
  for (const step of path.slice(0, -1)) place = place[step] as Record<string, unknown>
  const last = path.at(-1) ?? ''
  if (value === undefined) Reflect.deleteProperty(place, last)
  else place[last] = value
  return copy
}

describe.skipIf(missing)(`deploy/k8s${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const rendered = {} as Record<(typeof OVERLAYS)[number], readonly K8sObject[]>
  let secrets: string
  beforeAll(async () => {
    secrets = mkdtempSync(join(tmpdir(), 'lexcustis-k8s-'))
    for (const overlay of OVERLAYS) rendered[overlay] = render(overlay)
    await makeSecrets(secrets)
  })
  afterAll(() => rmSync(secrets, { recursive: true, force: true }))

  describe.each(OVERLAYS)('overlay %s', (overlay) => {
    test.each(NAMES)('%s', (name) => {
      expect(RULES[name](rendered[overlay])).toEqual([])
    })

    test.each(SERVICES)('%s accepts its settings, with the secrets that it mounts', (name) => {
      const environment = localEnvironment(rendered[overlay], name, secrets)
      expect(environment['LEXCUSTIS_PROFILE']).toBe('production')
      expect(checkConfig(name, environment)).toEqual({ ok: true, problems: [] })
    })

    test('runs all of it, and one of these reads the keys of the log', () => {
      const workloads = workloadsIn(rendered[overlay])
      expect(workloads.map(({ name }) => name).sort()).toEqual([...SERVICES, 'migrate'].sort())
      const holders = workloads.filter(({ pod }) =>
        pod.volumes?.some(({ secret }) => secret?.secretName === 'audit-keys'),
      )
      expect(holders.map(({ name }) => name)).toEqual(['audit'])
    })
  })

  test('audit gets outside only with the component that says so', () => {
    expect(waysOutside(rendered.dev)).toEqual(['llm'])
    expect(waysOutside(rendered.production)).toEqual(['audit-outside', 'llm'])
  })

  test('a service refuses a setting it does not know, and a secret that is not there', () => {
    const environment = localEnvironment(rendered.production, 'llm', secrets)
    const wrong = { ...environment, LLM_MODELL: 'x', LLM_SEALING_KEY_FILE: '/secrets/other' }
    const names = ['LLM_MODELL', 'LLM_SEALING_KEY_FILE']
    const answer = checkConfig('llm', wrong) as { ok: boolean; problems: { name: string }[] }
    expect(answer.ok).toBe(false)
    expect(answer.problems.map(({ name }) => name).sort()).toEqual(names)
  })

  describe('what the rules find', () => {
    test.each(BREAKS)('$rule: $object $path', (change) => {
      const problems = RULES[change.rule](changed(rendered.production, change))
      expect(problems.join('\n')).toContain(change.found)
    })

    test('each has something to find', () => {
      expect([...new Set(BREAKS.map(({ rule }) => rule))].sort()).toEqual([...NAMES].sort())
    })
  })
})

test('the allow-lists are read as they are', () => {
  expect([...allowedCalls()].sort()).toEqual([
    'compliance>audit',
    'compliance>llm',
    'compliance>rag',
    'gateway>audit',
    'gateway>compliance',
    'gateway>llm',
    'gateway>rag',
  ])
})

test('the guide says where each secret comes from', () => {
  const guide = readFileSync(join(import.meta.dirname, '../docs/deploy/kubernetes.md'), 'utf8')
  const rows = [...guide.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, name]) => name)
  expect(rows.sort()).toEqual(Object.values(SECRETS).flat().sort())
})
