import type { Rule } from './pod-rules.js'
import type { K8sObject } from './render.js'
import { workloadsIn } from './workloads.js'

/** Which workload may mount which Secret. A new line here is a security decision. */
export const SECRETS: Readonly<Record<string, readonly string[]>> = {
  migrate: ['migrate-secrets'],
  gateway: ['gateway-tls', 'gateway-secrets'],
  compliance: ['compliance-tls', 'compliance-secrets'],
  rag: ['rag-tls', 'rag-secrets'],
  llm: ['llm-tls', 'llm-secrets'],
  audit: ['audit-tls', 'audit-secrets', 'audit-keys', 'audit-bucket'],
}

const GROUP_READS = 0o440

export const secretsStayWithTheirPods: Rule = (objects) =>
  workloadsIn(objects).flatMap(({ name, pod, containers }) => {
    const volumes = pod.volumes ?? []
    const names = volumes.flatMap(({ secret }) => (secret ? [secret.secretName ?? ''] : []))
    const strangers = names.filter((secret) => !SECRETS[name]?.includes(secret))
    const inVariables = containers.some(
      ({ env = [], envFrom = [] }) =>
        envFrom.some(({ secretRef }) => secretRef !== undefined) ||
        env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined),
    )
    const isOpen = volumes.some(({ secret }) => secret && secret.defaultMode !== GROUP_READS)
    return [
      ...strangers.map((secret) => `${name}: the secret ${secret} is not for it`),
      ...(inVariables ? [`${name}: a secret is in its environment`] : []),
      ...(isOpen ? [`${name}: a secret can be read by every user of the container`] : []),
      ...(volumes.some(({ projected, csi }) => projected ?? csi)
        ? [`${name}: a volume may bring secrets that this table does not know`]
        : []),
    ]
  })

interface Certificate extends K8sObject {
  readonly spec: {
    readonly secretName: string
    readonly commonName: string
    readonly dnsNames?: readonly string[]
    readonly isCA?: boolean
  }
}

/** A certificate's names are its identity: each has one, its own, and an authority has none. */
export const certificatesNameTheirService: Rule = (objects) =>
  objects
    .filter((object): object is Certificate => object.kind === 'Certificate')
    .filter(({ metadata, spec: { secretName, commonName, dnsNames = [], isCA } }) => {
      const name = metadata?.name ?? ''
      if (isCA) return dnsNames.length > 0 || secretName !== name
      const names = [secretName, commonName, ...dnsNames].join(' ')
      return names !== `${name}-tls ${name} ${name}` || !(name in SECRETS)
    })
    .map(({ metadata }) => `Certificate ${metadata?.name ?? ''} names somebody else`)
