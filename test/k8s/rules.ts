import * as network from './network-rules.js'
import * as pod from './pod-rules.js'
import * as reference from './reference-rules.js'
import { schemaProblems } from './schema.js'
import * as secret from './secret-rules.js'

/** What every overlay has to keep. */
export const RULES = {
  'fields are those of the API': schemaProblems,
  'images have versions': pod.imagesHaveVersions,
  'containers are restricted': pod.containersAreRestricted,
  'resources are set': pod.resourcesAreSet,
  'probes ask the metrics port': pod.probesAskTheMetricsPort,
  'the grace period covers the drain': pod.graceCoversTheDrain,
  'replicas are spread': pod.replicasAreSpread,
  'everything is in a restricted namespace': reference.everythingIsInOurNamespace,
  'selectors match': reference.selectorsMatch,
  'gRPC services are headless': reference.grpcServicesAreHeadless,
  'references exist': reference.referencesExist,
  'a volume has one pod': reference.aVolumeHasOnePod,
  'secrets stay with their pods': secret.secretsStayWithTheirPods,
  'certificates name their service': secret.certificatesNameTheirService,
  'traffic is denied first': network.everythingIsDeniedFirst,
  'calls follow the allow-lists': network.callsFollowTheAllowLists,
  'only the ingress comes in': network.onlyTheIngressComesIn,
  'nothing else goes out': network.nothingElseGoesOut,
} as const satisfies Readonly<Record<string, pod.Rule>>

export type RuleName = keyof typeof RULES
