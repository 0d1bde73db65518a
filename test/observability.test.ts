import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMetrics } from '@lexcustis/runtime'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly annotations: { readonly runbook: string }
    }[]
  }[]
}

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[]
}

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** `name|type|labels` of every metric that a source file declares. */
function declared(): string[] {
  const folders = [
    ...readdirSync(join(root, 'services')).map((service) => `services/${service}/src`),
    'packages/runtime/src',
  ]
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .flatMap((file) => declarations(read(join(folder, file)))),
    )
    .sort()
}

function declarations(source: string): string[] {
  const opening =
    /new (Counter|Gauge|Histogram)\(\{\s*name: '(\w+)',\s*help:\s*'[^']*',\s*(labelNames: \[[^\]]*\])?/g
  const found = [...source.matchAll(opening)].map(([, type = '', name = '', names = '']) => {
    const labels = [...names.matchAll(/'(\w+)'/g)].map(([, label]) => label)
    return `${name}|${type.toLowerCase()}|${labels.join()}`
  })
  // A declaration written in another way must not slip past the expression above.
  expect(found).toHaveLength(source.match(/new (Counter|Gauge|Histogram)\(/g)?.length ?? 0)
  return found
}

function documented(): string[] {
  const row = /^\| `(lexcustis_\w+)` *\| (\w+) *\|([^|]*)\|/gm
  return [...read('docs/operations/metrics.md').matchAll(row)]
    .map(([, name = '', type = '', labels = '']) => {
      return `${name}|${type}|${[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).join()}`
    })
    .sort()
}

/** Series that a scrape can hold: a histogram has three. */
function series(): Set<string> {
  const own = documented().flatMap((line) => {
    const [name = '', type] = line.split('|')
    return type === 'histogram' ? ['_bucket', '_count', '_sum'].map((end) => name + end) : [name]
  })
  const ofNode = createMetrics('test').registry.getMetricsAsArray()
  return new Set([...own, ...ofNode.map(({ name }) => name).filter((name) => !/^lexc/.test(name))])
}

function unknownIn(expression: string): string[] {
  const known = series()
  const named = expression.match(/\b(?:lexcustis|nodejs|process)_\w+/g) ?? ['no metric']
  return named.filter((name) => !known.has(name))
}

describe('what is watched', () => {
  test('every metric is documented with its type and labels, and none that is not there', () => {
    expect(documented()).toEqual(declared())
  })

  const { groups } = parse(read('deploy/observability/prometheus/rules.yaml')) as Rules
  const rules = groups.flatMap((group) => group.rules)
  test.each(rules)('$alert asks for metrics that exist and has a runbook', (rule) => {
    expect(unknownIn(rule.expr)).toEqual([])
    expect(existsSync(join(root, rule.annotations.runbook))).toBe(true)
  })

  const folder = 'deploy/observability/grafana'
  test.each(readdirSync(join(root, folder)))('%s shows metrics that exist', (file) => {
    const { panels } = JSON.parse(read(join(folder, file))) as Dashboard
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    expect(expressions).not.toEqual([])
    expect(expressions.flatMap(unknownIn)).toEqual([])
  })
})
