import { BlockList, isIP } from 'node:net'
import type { ConfigProblem, Environment } from '@lexcustis/runtime'

/** What is wrong with the choice of a search index; the single settings are checked elsewhere. */
export function indexProblems(env: Environment, isProduction: boolean): ConfigProblem[] {
  const { RAG_QDRANT_URL: url, RAG_LANCEDB_DIR: folder } = env
  if (url === undefined) {
    const key = env['RAG_QDRANT_API_KEY_FILE'] === undefined ? [] : [KEY_WITHOUT_URL]
    if (isProduction) return [...key, NO_QDRANT]
    return folder === undefined ? [...key, NO_INDEX] : key
  }
  return [
    ...(folder === undefined ? [] : [TWO_INDEXES]),
    ...(URL.canParse(url) ? addressProblems(new URL(url)) : []),
  ]
}

const NO_QDRANT: ConfigProblem = {
  name: 'RAG_QDRANT_URL',
  problem: 'is not set, and the embedded search index serves one machine only',
  fix: 'give the URL of Qdrant, or set LEXCUSTIS_PROFILE=embedded to run on one machine',
}
const NO_INDEX: ConfigProblem = {
  name: 'RAG_LANCEDB_DIR',
  problem: 'is not set, and neither is RAG_QDRANT_URL',
  fix: 'give the path of a folder for the embedded search index, or the URL of Qdrant',
}
const TWO_INDEXES: ConfigProblem = {
  name: 'RAG_LANCEDB_DIR',
  problem: 'is set beside RAG_QDRANT_URL, and there is one search index',
  fix: 'remove one of them',
}
const KEY_WITHOUT_URL: ConfigProblem = {
  name: 'RAG_QDRANT_API_KEY_FILE',
  problem: 'is set without RAG_QDRANT_URL',
  fix: 'give the URL of Qdrant too, or remove it',
}

function addressProblems(url: URL): ConfigProblem[] {
  const problem = (text: string, fix: string) => [{ name: 'RAG_QDRANT_URL', problem: text, fix }]
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return problem('is neither http nor https', 'give a URL like https://qdrant.example:6333')
  }
  if (url.username || url.password || url.search || url.hash) {
    return problem(
      'has more than a host, a port and a path',
      'put the API key into the file that RAG_QDRANT_API_KEY_FILE names, and remove the rest',
    )
  }
  if (url.protocol === 'http:' && !isPrivate(url.hostname)) {
    return problem(
      'sends passages and the API key unencrypted to a host that is not on a private network',
      'use https; http is for this machine, private addresses and names without public DNS',
    )
  }
  return []
}

const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, prefix)
}
PRIVATE.addAddress('::1', 'ipv6')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')

/** Service names of Compose and Kubernetes, and ICANN's name for private use. */
const PRIVATE_NAME = /^[^.]+$|\.(svc|svc\.cluster\.local|internal|localhost)$/

/** Loopback, RFC 1918, RFC 4193, or a name that public DNS never has. */
function isPrivate(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  const family = isIP(address)
  if (family === 0) return PRIVATE_NAME.test(host)
  return PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
