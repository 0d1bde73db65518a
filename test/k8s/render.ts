import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** What every object has; rules take the rest from the types of kubernetes-models. */
export interface K8sObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
}

const FOLDER = join(import.meta.dirname, '../../deploy/k8s')
const OLDEST_KUSTOMIZE = 5

/** Why nothing can be rendered on this machine; undefined when it can. */
export function whyNotRendered(): string | undefined {
  try {
    const output = execFileSync('kubectl', ['version', '--client', '--output=json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const { kustomizeVersion = '' } = JSON.parse(output) as { kustomizeVersion?: string }
    const major = Number(/^v(\d+)\./.exec(kustomizeVersion)?.[1] ?? 0)
    return major >= OLDEST_KUSTOMIZE ? undefined : `kustomize ${kustomizeVersion} is too old`
  } catch {
    return 'there is no kubectl'
  }
}

export function render(overlay: string): readonly K8sObject[] {
  const path = join(FOLDER, 'overlays', overlay)
  const text = execFileSync('kubectl', ['kustomize', path], { encoding: 'utf8' })
  return parseAllDocuments(text).map((document) => document.toJS() as K8sObject)
}

/** All of one kind, in the type that kubernetes-models has for it. */
export function ofKind<T extends { kind: string }>(
  objects: readonly K8sObject[],
  kind: T['kind'],
): readonly T[] {
  return objects.filter((object) => object.kind === kind) as unknown as readonly T[]
}

export function nameOf(object: { metadata?: { name?: string } }): string {
  return object.metadata?.name ?? ''
}
