import { ensureDeploymentSecrets } from '@lexcustis/provision'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { K8sObject } from './render.js'
import { environmentOf, workloadsIn } from './workloads.js'

const ROOT = join(import.meta.dirname, '../..')

const TLS = ['ca.crt', 'tls.crt', 'tls.key']
/** What docs/deploy/kubernetes.md puts into each Secret: files of a folder of `provision secrets`. */
const FILES: Readonly<Record<string, readonly [folder: string, files: readonly string[]]>> = {
  'gateway-tls': ['gateway', TLS],
  'compliance-tls': ['compliance', TLS],
  'rag-tls': ['rag', TLS],
  'llm-tls': ['llm', TLS],
  'audit-tls': ['audit', TLS],
  'gateway-secrets': [
    'gateway',
    ['access_key.json', 'tenant_key.json', 'database_url', 'redis_url', 'operator_password'],
  ],
  'compliance-secrets': ['compliance', ['tenant_keys.json', 'database_url']],
  'rag-secrets': ['rag', ['tenant_keys.json', 'database_url', 'qdrant_api_key']],
  'llm-secrets': ['llm', ['tenant_keys.json', 'database_url', 'sealing_key']],
  'audit-secrets': [
    'audit',
    ['tenant_keys.json', 'database_url', 'eraser_database_url', 'retention_database_url'],
  ],
  'audit-keys': ['audit', ['master_key', 'signing_key']],
}
/** What others hand out. */
const GIVEN: Readonly<Record<string, readonly string[]>> = {
  'llm-secrets': ['api_key'],
  'audit-bucket': ['access_key_id', 'secret_access_key'],
}

/** One folder for each Secret, under `directory`. */
export async function makeSecrets(directory: string): Promise<void> {
  const made = join(directory, 'made')
  await ensureDeploymentSecrets({
    directory: made,
    hosts: { postgres: { host: 'postgres', port: 5432 }, redis: { host: 'redis', port: 6379 } },
  })
  for (const [secret, [folder, files]] of Object.entries(FILES)) {
    for (const file of files) cpSync(join(made, folder, file), join(directory, secret, file))
  }
  for (const [secret, files] of Object.entries(GIVEN)) {
    mkdirSync(join(directory, secret), { recursive: true })
    for (const file of files) {
      writeFileSync(join(directory, secret, file), 'stand-in\n', { mode: 0o400 })
    }
  }
  mkdirSync(join(directory, 'volume'))
}

/** The rendered environment of a service, its mounts replaced by folders of `directory`. */
export function localEnvironment(
  objects: readonly K8sObject[],
  name: string,
  directory: string,
): Record<string, string> {
  const workload = workloadsIn(objects).find((candidate) => candidate.name === name)
  const [container] = workload?.containers ?? []
  const folders = (container?.volumeMounts ?? []).map(({ mountPath, name: volume }) => {
    const found = workload?.pod.volumes?.find((candidate) => candidate.name === volume)
    return [mountPath, join(directory, found?.secret?.secretName ?? 'volume')] as const
  })
  const entries = Object.entries(environmentOf(objects, container)).map(([key, value]) => {
    const mount = folders.find(([path]) => value === path || value.startsWith(`${path}/`))
    return [key, mount ? mount[1] + value.slice(mount[0].length) : value]
  })
  return Object.fromEntries(entries) as Record<string, string>
}

/** What `main.js --check-config --json` says. */
export function checkConfig(name: string, environment: Record<string, string>): unknown {
  const program = join(ROOT, 'services', name, 'dist/main.js')
  try {
    const output = execFileSync(process.execPath, [program, '--check-config', '--json'], {
      env: { PATH: process.env['PATH'], ...environment },
      encoding: 'utf8',
    })
    return JSON.parse(output)
  } catch (error) {
    return JSON.parse((error as { stdout: string }).stdout)
  }
}
