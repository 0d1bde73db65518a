import type { RuleName } from './rules.js'

/** A change to one object of the production overlay that a rule has to find. */
export interface Break {
  readonly rule: RuleName
  /** `Kind name` */
  readonly object: string
  readonly path: readonly (string | number)[]
  /** Absent: the field is taken away. */
  readonly value?: unknown
  /** Part of the problem that is to be named. */
  readonly found: string
}

const POD = ['spec', 'template', 'spec'] as const
const MAIN = [...POD, 'containers', 0] as const
const LLM = 'Deployment llm'
const EGRESS = ['spec', 'egress'] as const
const named = (name: string) => ({ matchLabels: { 'app.kubernetes.io/name': name } })
const inNamespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })
const tcp = (port: number) => [{ protocol: 'TCP', port }]
const to = (peer: object, port: number) => [{ to: [peer], ports: tcp(port) }]

/** At least one for each rule; `path` is where `value` is put. */
export const BREAKS: readonly Break[] = [
  b('fields are those of the API', LLM, [...MAIN, 'readinesProbe'], {}, 'readinesProbe'),
  b('fields are those of the API', 'NetworkPolicy llm', ['spec', 'egres'], [], 'egres'),
  b('fields are those of the API', LLM, [...POD, 'hostNetwork'], 'no', 'boolean'),
  b('fields are those of the API', 'Certificate llm', ['spec', 'dnsName'], 'llm', 'additional'),
  b(
    'fields are those of the API',
    LLM,
    [...MAIN, 'resources', 'limits', 'memory'],
    '1 GB',
    'memory',
  ),
  b('fields are those of the API', LLM, [...MAIN, 'ports', 0, 'containerPort'], 1.5, 'integer'),
  b('fields are those of the API', LLM, ['kind'], 'ClusterRole', 'not one of the kinds'),
  b('images have versions', LLM, [...MAIN, 'image'], 'lexcustis/llm:latest', 'no version'),
  b('images have versions', LLM, [...MAIN, 'image'], 'lexcustis/llm', 'no version'),
  b('containers are restricted', LLM, [...POD, 'securityContext', 'runAsUser'], 0, 'the pod'),
  b('containers are restricted', LLM, [...MAIN, 'securityContext'], undefined, 'may do more'),
  b('containers are restricted', LLM, [...POD, 'initContainers'], [{ name: 'i' }], 'llm/i: may'),
  b('containers are restricted', LLM, [...POD, 'automountServiceAccountToken'], true, 'token'),
  b('containers are restricted', LLM, [...POD, 'enableServiceLinks'], undefined, 'variables'),
  b('containers are restricted', LLM, [...POD, 'hostPID'], true, 'namespace of its node'),
  b('containers are restricted', LLM, [...POD, 'volumes', 0], { hostPath: {} }, 'files of its'),
  b('containers are restricted', LLM, [...MAIN, 'ports', 0, 'hostPort'], 1, 'port of its node'),
  b('resources are set', 'Job migrate', [...MAIN, 'resources', 'limits'], undefined, 'all memory'),
  b('resources are set', LLM, [...MAIN, 'resources', 'requests', 'cpu'], undefined, 'processor'),
  b('resources are set', LLM, [...MAIN, 'resources', 'requests'], undefined, 'no memory'),
  b('resources are set', LLM, [...POD, 'volumes', 0], { name: 'x', emptyDir: {} }, 'disk'),
  b('probes ask the metrics port', LLM, [...MAIN, 'livenessProbe'], { grpc: {} }, 'liveness'),
  b('probes ask the metrics port', LLM, [...MAIN, 'startupProbe'], undefined, 'startup'),
  b('probes ask the metrics port', LLM, [...MAIN, 'ports'], [], 'readiness'),
  b(
    'the grace period covers the drain',
    LLM,
    [...POD, 'terminationGracePeriodSeconds'],
    30,
    '20 s',
  ),
  b('the grace period covers the drain', LLM, [...MAIN, 'lifecycle'], undefined, 'forgotten'),
  b('replicas are spread', LLM, [...POD, 'topologySpreadConstraints', 1], {}, 'hostname'),
  b('everything is in a restricted namespace', LLM, ['metadata', 'namespace'], 'x', 'another'),
  b(
    'everything is in a restricted namespace',
    'Namespace lexcustis',
    ['metadata', 'labels'],
    {},
    'enforce',
  ),
  b('selectors match', LLM, ['spec', 'selector', 'matchLabels'], { a: 'b' }, 'its own pods'),
  b('selectors match', 'Service llm', ['spec', 'selector'], {}, 'selects no pod'),
  b('selectors match', 'PodDisruptionBudget llm', ['spec', 'selector'], named('x'), 'no pod'),
  b('gRPC services are headless', 'Service llm', ['spec', 'clusterIP'], undefined, 'Service llm'),
  b('gRPC services are headless', 'Service gateway', ['spec', 'clusterIP'], 'None', 'gateway'),
  b(
    'references exist',
    'HorizontalPodAutoscaler llm',
    ['spec', 'scaleTargetRef', 'name'],
    'x',
    'nothing',
  ),
  b('references exist', LLM, ['spec', 'replicas'], 2, 'reset'),
  b('references exist', LLM, [...MAIN, 'envFrom', 0, 'configMapRef', 'name'], 'x', 'ConfigMap x'),
  b('references exist', LLM, [...POD, 'serviceAccountName'], 'audit', 'ServiceAccount'),
  b('references exist', 'Service llm', ['spec', 'ports', 0, 'targetPort'], 'x', 'listens'),
  b('references exist', 'Service gateway', ['metadata', 'name'], 'x', 'there is no gateway'),
  b('references exist', LLM, [...POD, 'volumes', 0], claim('x'), 'PersistentVolumeClaim x'),
  b('a volume has one pod', 'Deployment audit', [...POD, 'volumes', 0], claim('x'), 'one pod'),
  b(
    'secrets stay with their pods',
    LLM,
    [...POD, 'volumes', 0],
    secret('audit-keys'),
    'audit-keys',
  ),
  b(
    'secrets stay with their pods',
    LLM,
    [...POD, 'volumes', 0],
    secret('llm-tls', 0o444),
    'every user',
  ),
  b('secrets stay with their pods', LLM, [...POD, 'volumes', 0], { projected: {} }, 'may bring'),
  b('secrets stay with their pods', LLM, [...MAIN, 'envFrom', 0], { secretRef: {} }, 'environment'),
  b('certificates name their service', 'Certificate llm', ['spec', 'dnsNames'], ['gateway'], 'llm'),
  b('certificates name their service', 'Certificate llm', ['spec', 'secretName'], 'rag-tls', 'llm'),
  b(
    'certificates name their service',
    'Certificate lexcustis-ca',
    ['spec', 'dnsNames'],
    ['llm'],
    'ca',
  ),
  b(
    'traffic is denied first',
    'NetworkPolicy default-deny',
    ['spec', 'policyTypes'],
    ['Ingress'],
    'default',
  ),
  b('traffic is denied first', 'NetworkPolicy llm', ['metadata', 'name'], 'x', 'llm has no policy'),
  b(
    'calls follow the allow-lists',
    'NetworkPolicy rag',
    EGRESS,
    to({ podSelector: named('audit') }, 50051),
    'rag>audit',
  ),
  b('calls follow the allow-lists', 'NetworkPolicy gateway', EGRESS, [], 'no gateway>audit'),
  b(
    'calls follow the allow-lists',
    'NetworkPolicy rag',
    EGRESS,
    to({ podSelector: {} }, 50051),
    'every pod',
  ),
  b(
    'calls follow the allow-lists',
    'NetworkPolicy llm',
    ['spec', 'ingress', 0, 'ports', 0, 'port'],
    9054,
    'other port',
  ),
  b('only the ingress comes in', 'NetworkPolicy audit', ['spec', 'ingress'], [{}], 'others in'),
  b(
    'only the ingress comes in',
    'NetworkPolicy gateway-from-ingress',
    ['spec', 'podSelector'],
    named('audit'),
    'others in',
  ),
  b('nothing else goes out', 'NetworkPolicy rag', EGRESS, [{}], 'everything out'),
  b(
    'nothing else goes out',
    'NetworkPolicy rag',
    EGRESS,
    to({ ipBlock: { cidr: '8.8.8.0/24' } }, 443),
    'lets rag outside',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy llm',
    EGRESS,
    to({ ipBlock: { cidr: '0.0.0.0/0' } }, 443),
    'network 10.0.0.0/8',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy llm',
    EGRESS,
    to({ ipBlock: { cidr: '::/0' } }, 443),
    'network fc00::/7',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy llm',
    EGRESS,
    to({ ipBlock: { cidr: '8.8.8.0/24' } }, 25),
    'HTTPS',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy rag',
    EGRESS,
    to({ namespaceSelector: inNamespace('x') }, 5432),
    'another',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy rag',
    EGRESS,
    to({ ipBlock: { cidr: '10.1.0.0/16' } }, 6379),
    'rag into a store',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy rag',
    EGRESS,
    to({ ipBlock: { cidr: '10.1.0.0/16' } }, 22),
    'no store',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy to-redis',
    ['spec', 'podSelector', 'matchExpressions', 0, 'operator'],
    'NotIn',
    'lets rag into a store',
  ),
  b(
    'nothing else goes out',
    'NetworkPolicy dns',
    [...EGRESS, 0, 'ports', 0, 'port'],
    443,
    'no DNS',
  ),
]

function b(
  rule: RuleName,
  object: string,
  path: readonly (string | number)[],
  value: unknown,
  found: string,
): Break {
  return { rule, object, path, value, found }
}

function claim(claimName: string) {
  return { name: 'x', persistentVolumeClaim: { claimName } }
}

function secret(secretName: string, defaultMode = 0o440) {
  return { name: 'x', secret: { secretName, defaultMode } }
}
