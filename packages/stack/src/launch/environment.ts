import { certificateFiles } from '@lexcustis/provision'
import type { Layout } from './layout.js'
import { prefixOf, type ServiceEntry, type ServiceName } from './manifest.js'
import type { Ports } from './ports.js'
import { OPERATOR_EMAIL } from './secrets.js'

type Environment = Readonly<Record<string, string | undefined>>

const HOST = '127.0.0.1'
/** What any program may need from its surroundings; nothing else is passed on. */
const COMMON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
]
/** Names without a service's prefix, and whose they are. */
const SPECIAL: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  gateway: ['ORG_DAILY_CHAT_CAP'],
  llm: [
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'OLLAMA_HOST',
  ],
}

/**
 * glibc keeps a heap for each of the many threads of the search index, and gives little of them back:
 * with two of them rag holds a quarter less (docs/retrieval.md). Other C libraries ignore it.
 */
const FEWER_ARENAS = { MALLOC_ARENA_MAX: '2' }

export interface EnvironmentInput {
  readonly layout: Layout
  readonly ports: Ports
  /** Path of the file with the URL of the embedded Redis, when one runs. */
  readonly redisUrlFile: string | undefined
  /** Of whoever started us: settings with a service's prefix go to that service, and win. */
  readonly env: Environment
}

/** The whole environment of one service. Secrets are files; none is in here or in an argument. */
export function environmentOf(
  service: ServiceEntry,
  input: EnvironmentInput,
): Record<string, string> {
  const prefix = prefixOf(service.name)
  const given = { ...basics(service, input), ...particulars(service.name, input) }
  const ours = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [prefix + name, value]),
  )
  return {
    ...pick(input.env, COMMON),
    ...pick(input.env, SPECIAL[service.name] ?? []),
    LEXCUSTIS_PROFILE: 'embedded',
    ...(service.name === 'rag' ? FEWER_ARENAS : {}),
    ...ours,
    ...portsOf(service, input.ports),
    ...theirs(input.env, prefix),
    // Again: then a port of the environment does not count.
    ...(input.ports.areAuto ? portsOf(service, input.ports) : {}),
  }
}

function basics(
  service: ServiceEntry,
  { layout, ports }: EnvironmentInput,
): Record<string, string> {
  const tls = certificateFiles(layout.certificates, service.name)
  const role = `lexcustis_${service.name}`
  const addresses = service.calls.map((peer) => [
    `${peer.toUpperCase()}_ADDRESS`,
    `${HOST}:${ports.services[peer].grpc ?? 0}`,
  ])
  return {
    LISTEN_HOST: HOST,
    TLS_CA_FILE: tls.ca,
    TLS_CERT_FILE: tls.cert,
    TLS_KEY_FILE: tls.key,
    DATABASE_URL_FILE: layout.secret(`${role}_database_url`),
    ...(Object.fromEntries(addresses) as Record<string, string>),
  }
}

function particulars(name: ServiceName, input: EnvironmentInput): Record<string, string> {
  const { layout, redisUrlFile } = input
  const TENANT_KEYS_FILE = layout.secret('tenant_keys.json')
  switch (name) {
    case 'gateway':
      return {
        ACCESS_KEY_FILE: layout.secret('access_key.json'),
        TENANT_KEY_FILE: layout.secret('tenant_key.json'),
        BOOTSTRAP_OPERATOR_EMAIL: OPERATOR_EMAIL,
        BOOTSTRAP_OPERATOR_PASSWORD_FILE: layout.secret('operator_password'),
        ...(redisUrlFile ? { REDIS_URL_FILE: redisUrlFile } : {}),
      }
    case 'audit':
      return {
        TENANT_KEYS_FILE,
        MASTER_KEY_FILE: layout.secret('audit_master_key'),
        ERASER_DATABASE_URL_FILE: layout.secret('lexcustis_audit_eraser_database_url'),
        RETENTION_DATABASE_URL_FILE: layout.secret('lexcustis_audit_retention_database_url'),
        SIGNING_KEY_FILE: layout.secret('audit_signing_key'),
        CHECKPOINT_DIR: layout.checkpoints,
      }
    case 'rag':
      return { TENANT_KEYS_FILE, LANCEDB_DIR: layout.vectors }
    case 'llm':
      return { TENANT_KEYS_FILE, SEALING_KEY_FILE: layout.secret('llm_sealing_key') }
    case 'compliance':
      return { TENANT_KEYS_FILE }
  }
}

function portsOf({ name }: ServiceEntry, ports: Ports): Record<string, string> {
  const prefix = prefixOf(name)
  const { http, grpc, metrics } = ports.services[name]
  return {
    ...(http === undefined ? {} : { [`${prefix}LISTEN_PORT`]: String(http) }),
    ...(grpc === undefined ? {} : { [`${prefix}GRPC_PORT`]: String(grpc) }),
    [`${prefix}METRICS_PORT`]: String(metrics),
  }
}

function theirs(env: Environment, prefix: string): Record<string, string> {
  return pick(
    env,
    Object.keys(env).filter((name) => name.startsWith(prefix)),
  )
}

function pick(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  )
}
