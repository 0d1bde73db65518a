import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const dockerfile = readFileSync(join(ROOT, 'deploy/docker/Dockerfile'), 'utf8')
const SERVICES = ['gateway', 'compliance', 'rag', 'llm', 'audit']

/** Instructions of one stage. */
function stage(name: string): string {
  const [, found = ''] =
    new RegExp(`^FROM .+ AS ${name}\\n([\\s\\S]*?)(?=^FROM |(?![\\s\\S]))`, 'm').exec(dockerfile) ??
    []
  return found
}

describe('the Dockerfile', () => {
  test('installs for every workspace there is', () => {
    const there = ['packages', 'services'].flatMap((kind) =>
      readdirSync(join(ROOT, kind)).map((name) => `${kind}/${name}`),
    )
    const copied = [...dockerfile.matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map(
      ([, at]) => at,
    )
    expect(copied.sort()).toEqual(there.sort())
  })

  test.each(SERVICES)(
    'has a target for %s that runs it, checks its health and is asked nothing else',
    (name) => {
      const steps = stage(name)
      expect(steps).toContain(`ENTRYPOINT ["node", "services/${name}/dist/main.js"]`)
      expect(steps).toMatch(/HEALTHCHECK .+ CMD \["node", "health\.mjs", "\d+"\]/)
      expect(steps).not.toMatch(/^(?:RUN|USER) /m)
    },
  )

  test('runs nothing as root, and pins its base by argument', () => {
    expect(stage('base')).toMatch(/^USER 10001:10001$/m)
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-/m)
    const bases = [...dockerfile.matchAll(/^FROM (\S+) AS /gm)].map(([, base]) => base)
    const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name)
    for (const base of bases) expect([...stages, '${NODE_IMAGE}']).toContain(base)
  })

  test('sees no secret and no data folder of a checkout', () => {
    const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')
    expect(allowed).toContain('*')
    for (const line of allowed.filter((text) => text.startsWith('!'))) {
      expect(line).not.toMatch(/lexcustis|secrets|compose|\.env/)
    }
  })
})
