import type { IDeployment } from 'kubernetes-models/apps/v1'
import type { IJob } from 'kubernetes-models/batch/v1'
import type { IConfigMap, IContainer, IPodSpec } from 'kubernetes-models/v1'
import { type K8sObject, nameOf, ofKind } from './render.js'

/** What runs pods, whichever kind it is. */
export interface Workload {
  readonly kind: 'Deployment' | 'Job'
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly pod: IPodSpec
  readonly containers: readonly IContainer[]
}

export function workloadsIn(objects: readonly K8sObject[]): readonly Workload[] {
  const owners = [
    ...ofKind<IDeployment>(objects, 'Deployment'),
    ...ofKind<IJob>(objects, 'Job'),
  ] as const
  return owners.flatMap((owner) => {
    const template = owner.spec?.template
    if (!template?.spec) return []
    const { spec: pod, metadata } = template
    return [
      {
        kind: owner.kind,
        name: nameOf(owner),
        labels: metadata?.labels ?? {},
        pod,
        containers: [...(pod.initContainers ?? []), ...pod.containers],
      },
    ]
  })
}

/** A label selector selects nothing when it is not there, and everything when it is empty. */
export function selects(
  matchLabels: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (matchLabels === undefined) return false
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value)
}

/** The variables that the config maps give to a container, later ones over earlier ones. */
export function environmentOf(
  objects: readonly K8sObject[],
  container: IContainer | undefined,
): Readonly<Record<string, string>> {
  const maps = ofKind<IConfigMap>(objects, 'ConfigMap')
  const given = (container?.envFrom ?? []).map(
    ({ configMapRef }) => maps.find((map) => nameOf(map) === configMapRef?.name)?.data ?? {},
  )
  return Object.assign({}, ...given) as Record<string, string>
}
