import type { IContainer } from 'kubernetes-models/v1'
import { isDeepStrictEqual } from 'node:util'
import type { K8sObject } from './render.js'
import { environmentOf, type Workload, workloadsIn } from './workloads.js'

/** What is wrong with rendered objects, one sentence for each finding. */
export type Rule = (objects: readonly K8sObject[]) => readonly string[]

const VERSIONED = /^[a-z0-9./-]+:v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/
const DEFAULT_DRAIN_MS = 10_000
const MARGIN_SECONDS = 5

/** The rule for every container of every workload. */
function everyContainer(
  check: (container: IContainer, workload: Workload) => readonly (string | false)[],
): Rule {
  return (objects) =>
    workloadsIn(objects).flatMap((workload) =>
      workload.containers.flatMap((container) =>
        check(container, workload).flatMap((problem) =>
          problem === false ? [] : [`${workload.name}/${container.name}: ${problem}`],
        ),
      ),
    )
}

export const imagesHaveVersions = everyContainer(({ image = '' }) => [
  !VERSIONED.test(image) && `image ${image} has no version`,
])

const POD_CONTEXT = {
  runAsNonRoot: true,
  runAsUser: 10001,
  runAsGroup: 10001,
  fsGroup: 10001,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
}
const CONTEXT = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
}

export const containersAreRestricted = everyContainer((container, { pod }) => [
  !isDeepStrictEqual(pod.securityContext, POD_CONTEXT) && 'the pod may do more than it should',
  !isDeepStrictEqual(container.securityContext, CONTEXT) && 'may do more than it should',
  pod.automountServiceAccountToken !== false && 'gets a token of the API server',
  pod.enableServiceLinks !== false && 'gets variables that strict settings refuse',
  (pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC ?? false) && 'shares a namespace of its node',
  (pod.volumes ?? []).some(({ hostPath }) => hostPath !== undefined) && 'sees files of its node',
  (container.ports ?? []).some(({ hostPort }) => hostPort !== undefined) &&
    'takes a port of its node',
])

export const resourcesAreSet = everyContainer(({ resources }, { pod }) => [
  resources?.requests?.['cpu'] === undefined && 'asks for no processor',
  resources?.requests?.['memory'] === undefined && 'asks for no memory',
  resources?.limits?.['memory'] === undefined && 'may take all memory',
  (pod.volumes ?? []).some(({ emptyDir }) => emptyDir && emptyDir.sizeLimit === undefined) &&
    'may fill the disk of its node',
])

export const probesAskTheMetricsPort = everyContainer((container, { kind }) => {
  if (kind === 'Job') return []
  const ports = (container.ports ?? []).map(({ name }) => name)
  const asks = (probe: IContainer['livenessProbe'], path: string) =>
    probe?.httpGet?.path === path && probe.httpGet.port === 'metrics' && ports.includes('metrics')
  return [
    !asks(container.startupProbe, '/livez') && 'the startup probe does not ask /livez',
    !asks(container.livenessProbe, '/livez') && 'the liveness probe does not ask /livez',
    !asks(container.readinessProbe, '/readyz') && 'the readiness probe does not ask /readyz',
  ]
})

/** Grace period = drain + preStop + 5 s, in whole seconds. */
export const graceCoversTheDrain: Rule = (objects) =>
  everyContainer((container, { kind, name, pod }) => {
    if (kind === 'Job') return []
    const environment = environmentOf(objects, container)
    const drainMs = Number(environment[`${name.toUpperCase()}_DRAIN_MS`] ?? DEFAULT_DRAIN_MS)
    const sleep = container.lifecycle?.preStop?.sleep?.seconds ?? 0
    const grace = Math.ceil(drainMs / 1_000) + sleep + MARGIN_SECONDS
    return [
      sleep === 0 && 'stops before its clients have forgotten it',
      pod.terminationGracePeriodSeconds !== grace && `its grace period is not ${grace} s`,
    ]
  })(objects)

/** Names nodes and zones to spread over, and counts its own pods when it does. */
export const replicasAreSpread: Rule = (objects) =>
  workloadsIn(objects)
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ name, pod, labels }) => {
      const spread = pod.topologySpreadConstraints ?? []
      const keys = spread
        .filter(
          ({ labelSelector }) =>
            labelSelector?.matchLabels?.['app.kubernetes.io/name'] ===
            labels['app.kubernetes.io/name'],
        )
        .map(({ topologyKey }) => topologyKey)
      return ['kubernetes.io/hostname', 'topology.kubernetes.io/zone']
        .filter((key) => !keys.includes(key))
        .map((key) => `${name}: its replicas are not spread by ${key}`)
    })
