import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isPublic, privateNetworksLeftOpen } from './networks.js'
import type { Rule } from './pod-rules.js'
import { type K8sObject, nameOf, ofKind } from './render.js'
import { workloadsIn } from './workloads.js'

type Spec = NonNullable<INetworkPolicy['spec']>
type EgressRule = NonNullable<Spec['egress']>[number]
type IngressRule = NonNullable<Spec['ingress']>[number]
type Peer = NonNullable<EgressRule['to']>[number]

const NAME = 'app.kubernetes.io/name'
const NAMESPACE = 'kubernetes.io/metadata.name'
const SERVICES = join(import.meta.dirname, '../../services')
const CALLED = ['audit', 'compliance', 'rag', 'llm'] as const

/** Ways out of the cluster that the design names and this version has. */
const OUTSIDE: readonly string[] = ['llm', 'audit']

/** Who uses which store, by the port of the store. */
const STORE_USERS: Readonly<Record<number, readonly string[]>> = {
  5432: ['gateway', 'compliance', 'rag', 'llm', 'audit', 'migrate'],
  6379: ['gateway'],
  6333: ['rag'],
}

/** `caller>called` for each name on the allow-list of a service. */
export function allowedCalls(): ReadonlySet<string> {
  return new Set(
    CALLED.flatMap((called) => {
      const source = readFileSync(join(SERVICES, called, 'src/allow.ts'), 'utf8')
      const lists = [...source.matchAll(/'lexcustis\.[\w.]+': \[([^\]]*)\]/g)]
      const names = lists.flatMap(([, list = '']) => [...list.matchAll(/'([^']+)'/g)])
      return names.map(([, caller = '']) => `${caller}>${called}`)
    }),
  )
}

/** Names of the workloads that a policy is for; all, when its selector is one that this cannot read. */
function podsOf(policy: INetworkPolicy, objects: readonly K8sObject[]): readonly string[] {
  const { matchLabels = {}, matchExpressions = [] } = policy.spec?.podSelector ?? {}
  const name = matchLabels[NAME]
  if (name !== undefined && matchExpressions.length === 0) return [name]
  const [expression, ...others] = matchExpressions
  const isList = expression?.key === NAME && expression.operator === 'In' && others.length === 0
  if (isList && name === undefined) return expression.values ?? []
  return workloadsIn(objects).map((workload) => workload.name)
}

const portsOf = ({ ports = [] }: EgressRule | IngressRule) => ports.map(({ port }) => port)
const nameOfPeer = ({ podSelector }: Peer) => podSelector?.matchLabels?.[NAME]
const isNeighbour = (peer: Peer) => !peer.namespaceSelector && !peer.ipBlock

export const everythingIsDeniedFirst: Rule = (objects) => {
  const isDenied = ofKind<INetworkPolicy>(objects, 'NetworkPolicy').some(
    ({ spec }) =>
      JSON.stringify(spec?.podSelector) === '{}' &&
      spec?.policyTypes?.length === 2 &&
      (spec.ingress ?? []).length + (spec.egress ?? []).length === 0,
  )
  const named = ofKind<INetworkPolicy>(objects, 'NetworkPolicy').map(nameOf)
  const without = workloadsIn(objects).filter(({ name }) => !named.includes(name))
  return [
    ...(isDenied ? [] : ['traffic is not denied by default']),
    ...without.map(({ name }) => `${name} has no policy of its own`),
  ]
}

/** Both ends of a call are opened exactly where an allow-list has the caller, on its gRPC port. */
export const callsFollowTheAllowLists: Rule = (objects) => {
  const allowed = allowedCalls()
  const policies = ofKind<INetworkPolicy>(objects, 'NetworkPolicy')
  const grpcPorts = new Map(
    workloadsIn(objects).flatMap(({ name, containers }) =>
      containers.flatMap(({ ports = [] }) =>
        ports.filter((port) => port.name === 'grpc').map((p) => [name, p.containerPort] as const),
      ),
    ),
  )
  const out = policies.flatMap((policy) =>
    (policy.spec?.egress ?? []).flatMap((rule) =>
      (rule.to ?? []).filter(isNeighbour).flatMap((peer) =>
        podsOf(policy, objects).map((from) => {
          const to = nameOfPeer(peer) ?? 'every pod'
          const isGrpc = portsOf(rule).every((port) => port === grpcPorts.get(to))
          return isGrpc && portsOf(rule).length === 1 ? `${from}>${to}` : `${from}>${to}:other port`
        }),
      ),
    ),
  )
  const into = policies.flatMap((policy) =>
    (policy.spec?.ingress ?? []).flatMap((rule) =>
      (rule.from ?? []).filter(isNeighbour).flatMap((peer) =>
        podsOf(policy, objects).map((to) => {
          const isGrpc = portsOf(rule).length === 1 && portsOf(rule)[0] === 'grpc'
          return `${nameOfPeer(peer) ?? 'every pod'}>${to}${isGrpc ? '' : ':other port'}`
        }),
      ),
    ),
  )
  return [...differences('egress', allowed, out), ...differences('ingress', allowed, into)]
}

function differences(what: string, allowed: ReadonlySet<string>, found: readonly string[]) {
  return [
    ...found.filter((call) => !allowed.has(call)).map((call) => `${what}: ${call} is too much`),
    ...[...allowed].filter((call) => !found.includes(call)).map((call) => `${what}: no ${call}`),
  ]
}

/** From other namespaces only the ingress controller comes in, and only to the gateway. */
export const onlyTheIngressComesIn: Rule = (objects) =>
  ofKind<INetworkPolicy>(objects, 'NetworkPolicy').flatMap((policy) =>
    (policy.spec?.ingress ?? []).flatMap((rule) => {
      const from = rule.from ?? []
      const pods = podsOf(policy, objects).join()
      const isIngress = (peer: Peer) =>
        peer.namespaceSelector?.matchLabels?.[NAMESPACE] === 'ingress-nginx' &&
        nameOfPeer(peer) === 'ingress-nginx' &&
        pods === 'gateway' &&
        portsOf(rule).join() === 'http'
      const isFine = from.length > 0 && from.every((peer) => isNeighbour(peer) || isIngress(peer))
      return isFine ? [] : [`${nameOf(policy)} lets others in`]
    }),
  )

/** Out of the namespace: to DNS, to the stores by their users, and outside where the design says so. */
export const nothingElseGoesOut: Rule = (objects) =>
  ofKind<INetworkPolicy>(objects, 'NetworkPolicy').flatMap((policy) =>
    (policy.spec?.egress ?? []).flatMap((rule) => {
      if ((rule.to ?? []).length === 0) return [`${nameOf(policy)} lets everything out`]
      const pods = podsOf(policy, objects)
      return (rule.to ?? [])
        .filter((peer) => !isNeighbour(peer))
        .flatMap((peer) => problemsOfWay(peer, portsOf(rule), pods))
        .map((problem) => `${nameOf(policy)} ${problem}`)
    }),
  )

/** Names of the policies that lead to addresses of the internet, in order. */
export function waysOutside(objects: readonly K8sObject[]): readonly string[] {
  return ofKind<INetworkPolicy>(objects, 'NetworkPolicy')
    .filter(({ spec }) =>
      (spec?.egress ?? []).some(({ to = [] }) =>
        to.some(({ ipBlock }) => ipBlock && isPublic(ipBlock.cidr)),
      ),
    )
    .map(nameOf)
    .sort()
}

type Port = ReturnType<typeof portsOf>[number]

function problemsOfWay(peer: Peer, ports: readonly Port[], pods: readonly string[]) {
  const { ipBlock } = peer
  if (ipBlock && isPublic(ipBlock.cidr)) {
    const open = privateNetworksLeftOpen(ipBlock.cidr, ipBlock.except ?? [])
    return [
      ...pods.filter((pod) => !OUTSIDE.includes(pod)).map((pod) => `lets ${pod} outside`),
      ...open.map((network) => `opens the private network ${network}`),
      ...(ports.join() === '443' ? [] : ['opens more than HTTPS']),
    ]
  }
  if (isDns(peer))
    return ports.every((port) => port === 53) && ports.length > 0 ? [] : ['is no DNS']
  return isStore(peer) ? problemsOfStore(ports, pods) : ['reaches another namespace']
}

function isDns({ namespaceSelector, podSelector }: Peer): boolean {
  return (
    namespaceSelector?.matchLabels?.[NAMESPACE] === 'kube-system' &&
    podSelector?.matchLabels?.['k8s-app'] === 'kube-dns'
  )
}

function isStore(peer: Peer): boolean {
  const { ipBlock, namespaceSelector } = peer
  if (ipBlock) return true
  return namespaceSelector?.matchLabels?.[NAMESPACE] === 'lexcustis-stores' && !!nameOfPeer(peer)
}

function problemsOfStore(ports: readonly Port[], pods: readonly string[]) {
  const users = ports.length === 1 ? STORE_USERS[Number(ports[0])] : undefined
  if (!users) return ['opens a port that no store has']
  return pods.filter((pod) => !users.includes(pod)).map((pod) => `lets ${pod} into a store`)
}
