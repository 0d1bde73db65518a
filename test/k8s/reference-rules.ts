import type { IDeployment } from 'kubernetes-models/apps/v1'
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1'
import type { INamespace, IService, IServiceAccount } from 'kubernetes-models/v1'
import type { Rule } from './pod-rules.js'
import { type K8sObject, nameOf, ofKind } from './render.js'
import { selects, workloadsIn } from './workloads.js'

const NAMESPACE = 'lexcustis'

export const everythingIsInOurNamespace: Rule = (objects) => {
  const strangers = objects.filter(
    ({ kind, metadata }) => kind !== 'Namespace' && metadata?.namespace !== NAMESPACE,
  )
  const namespaces = ofKind<INamespace>(objects, 'Namespace')
  const isRestricted = namespaces.some(
    ({ metadata }) =>
      metadata?.name === NAMESPACE &&
      ['enforce', 'audit', 'warn'].every(
        (mode) => metadata.labels?.[`pod-security.kubernetes.io/${mode}`] === 'restricted',
      ),
  )
  return [
    ...strangers.map((object) => `${object.kind} ${nameOf(object)} is in another namespace`),
    ...(isRestricted ? [] : [`the namespace ${NAMESPACE} does not enforce restricted`]),
  ]
}

export const selectorsMatch: Rule = (objects) => {
  const workloads = workloadsIn(objects)
  const isSelected = (labels: Readonly<Record<string, string>> | undefined) =>
    workloads.some((workload) => workload.kind === 'Deployment' && selects(labels, workload.labels))
  const nameless = (found: Readonly<Record<string, string>> | undefined) =>
    found?.['app.kubernetes.io/name'] === undefined || !isSelected(found)
  return [
    ...ofKind<IDeployment>(objects, 'Deployment').flatMap((deployment) => {
      const { selector, template } = deployment.spec ?? {}
      const fits = selects(selector?.matchLabels, template?.metadata?.labels ?? {})
      return fits ? [] : [`Deployment ${nameOf(deployment)} does not select its own pods`]
    }),
    ...ofKind<IService>(objects, 'Service')
      .filter(({ spec }) => nameless(spec?.selector))
      .map((service) => `Service ${nameOf(service)} selects no pod`),
    ...ofKind<IPodDisruptionBudget>(objects, 'PodDisruptionBudget')
      .filter(({ spec }) => nameless(spec?.selector?.matchLabels))
      .map((budget) => `PodDisruptionBudget ${nameOf(budget)} selects no pod`),
  ]
}

/** gRPC behind a ClusterIP would stay on one pod; HTTP behind none would not reach all of them. */
export const grpcServicesAreHeadless: Rule = (objects) =>
  ofKind<IService>(objects, 'Service').flatMap((service) => {
    const isGrpc = (service.spec?.ports ?? []).some(({ name }) => name === 'grpc')
    const isHeadless = service.spec?.clusterIP === 'None'
    return isGrpc === isHeadless ? [] : [`Service ${nameOf(service)}: headless is for gRPC`]
  })

export const referencesExist: Rule = (objects) => [
  ...podReferences(objects),
  ...servicePorts(objects),
  ...ofKind<IHorizontalPodAutoscaler>(objects, 'HorizontalPodAutoscaler').flatMap((scaler) => {
    const target = scaler.spec?.scaleTargetRef
    const found = ofKind<IDeployment>(objects, 'Deployment').find(
      (deployment) => target?.kind === 'Deployment' && nameOf(deployment) === target.name,
    )
    if (!found) return [`HorizontalPodAutoscaler ${nameOf(scaler)} scales nothing`]
    return found.spec?.replicas === undefined
      ? []
      : [`Deployment ${nameOf(found)} has replicas, which every apply would reset`]
  }),
  ...ofKind<IIngress>(objects, 'Ingress').flatMap(({ spec }) =>
    (spec?.rules ?? [])
      .flatMap(({ http }) => http?.paths ?? [])
      .filter(({ backend }) => {
        const service = ofKind<IService>(objects, 'Service').find(
          (candidate) => nameOf(candidate) === backend.service?.name,
        )
        return !service?.spec?.ports?.some(({ name }) => name === backend.service?.port?.name)
      })
      .map(({ backend }) => `Ingress: there is no ${backend.service?.name ?? 'service'}`),
  ),
]

function podReferences(objects: readonly K8sObject[]): readonly string[] {
  const has = (kind: string, name: string | undefined) =>
    objects.some((object) => object.kind === kind && nameOf(object) === name)
  const accounts = ofKind<IServiceAccount>(objects, 'ServiceAccount')
  return workloadsIn(objects).flatMap(({ name, pod, containers }) => {
    const maps = containers.flatMap(({ envFrom = [] }) =>
      envFrom.flatMap(({ configMapRef }) => configMapRef?.name ?? []),
    )
    const claims = (pod.volumes ?? []).flatMap(
      ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
    )
    const account = accounts.find((candidate) => nameOf(candidate) === pod.serviceAccountName)
    return [
      ...maps.filter((map) => !has('ConfigMap', map)).map((map) => `${name}: no ConfigMap ${map}`),
      ...claims
        .filter((claim) => !has('PersistentVolumeClaim', claim))
        .map((claim) => `${name}: no PersistentVolumeClaim ${claim}`),
      ...(pod.serviceAccountName === name && account?.automountServiceAccountToken === false
        ? []
        : [`${name}: no ServiceAccount of its own without a token`]),
    ]
  })
}

function servicePorts(objects: readonly K8sObject[]): readonly string[] {
  return ofKind<IService>(objects, 'Service').flatMap((service) => {
    const { selector, ports = [] } = service.spec ?? {}
    const names = workloadsIn(objects)
      .filter(({ labels }) => selects(selector, labels))
      .flatMap(({ containers }) => containers.flatMap(({ ports: open = [] }) => open))
      .map(({ name }) => name)
    return ports
      .filter(({ targetPort }) => !names.includes(String(targetPort)))
      .map(({ name = '' }) => `Service ${nameOf(service)}: nothing listens on ${name}`)
  })
}

/** Two pods that sign into stores of their own would fork the log's signed history. */
export const aVolumeHasOnePod: Rule = (objects) =>
  ofKind<IDeployment>(objects, 'Deployment').flatMap((deployment) => {
    const { replicas, strategy, template } = deployment.spec ?? {}
    const hasVolume = (template?.spec?.volumes ?? []).some(
      ({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined,
    )
    if (!hasVolume || (replicas === 1 && strategy?.type === 'Recreate')) return []
    return [`Deployment ${nameOf(deployment)} has a volume and more than one pod at a time`]
  })
