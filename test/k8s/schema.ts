import { Ajv, type AnySchema } from 'ajv'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import type { K8sObject } from './render.js'

/** Every kind there may be, and the module of kubernetes-models that describes it. */
const CORE_KINDS: Readonly<Record<string, string>> = {
  'v1/Namespace': 'v1',
  'v1/ConfigMap': 'v1',
  'v1/Service': 'v1',
  'v1/ServiceAccount': 'v1',
  'v1/PersistentVolumeClaim': 'v1',
  'apps/v1/Deployment': 'apps/v1',
  'batch/v1/Job': 'batch/v1',
  'autoscaling/v2/HorizontalPodAutoscaler': 'autoscaling/v2',
  'policy/v1/PodDisruptionBudget': 'policy/v1',
  'networking.k8s.io/v1/NetworkPolicy': 'networking.k8s.io/v1',
  'networking.k8s.io/v1/Ingress': 'networking.k8s.io/v1',
}

const text = { type: 'string' }
const issuerRef = closed({ name: text, kind: { enum: ['Issuer', 'ClusterIssuer'] } })
const metadata = {
  type: 'object',
  required: ['name', 'namespace'],
  additionalProperties: false,
  properties: { name: text, namespace: text, labels: { type: 'object' } },
}

/** Of cert-manager's v1 API what is used here (https://cert-manager.io/docs/reference/api-docs/). */
const CUSTOM_KINDS: Readonly<Record<string, AnySchema>> = {
  'cert-manager.io/v1/Issuer': custom({
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    properties: { selfSigned: closed({}), ca: closed({ secretName: text }) },
  }),
  'cert-manager.io/v1/Certificate': custom({
    type: 'object',
    required: ['secretName', 'issuerRef', 'commonName', 'usages', 'duration', 'renewBefore'],
    additionalProperties: false,
    properties: {
      secretName: text,
      commonName: { type: 'string', maxLength: 64 },
      isCA: { type: 'boolean' },
      dnsNames: { type: 'array', minItems: 1, items: text },
      issuerRef,
      usages: {
        type: 'array',
        items: {
          enum: ['digital signature', 'server auth', 'client auth', 'cert sign', 'crl sign'],
        },
      },
      privateKey: closed({
        algorithm: { enum: ['ECDSA'] },
        size: { enum: [256, 384, 521] },
        encoding: { enum: ['PKCS1', 'PKCS8'] },
        rotationPolicy: { enum: ['Always', 'Never'] },
      }),
      duration: { type: 'string', pattern: '^\\d+h\\d+m\\d+s$' },
      renewBefore: { type: 'string', pattern: '^\\d+h\\d+m\\d+s$' },
    },
  }),
}

function closed(properties: Readonly<Record<string, AnySchema>>): AnySchema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
  }
}

function custom(spec: AnySchema): AnySchema {
  return closed({ apiVersion: text, kind: text, metadata, spec })
}

const ajv = new Ajv({ allErrors: true })
const kindOf = ({ apiVersion, kind }: K8sObject) => `${apiVersion}/${kind}`

/**
 * Unknown kinds, unknown fields, values of a wrong type. The validators of kubernetes-models let
 * unknown fields pass, and so would the API server with a mere warning; but its TypeScript types are
 * closed for object literals. So the objects are written as literals and given to the compiler, and to
 * the validators for what types do not say: whole numbers, quantities.
 */
export function schemaProblems(objects: readonly K8sObject[]): readonly string[] {
  const core = objects.filter((object) => kindOf(object) in CORE_KINDS)
  const others = objects.filter((object) => !(kindOf(object) in CORE_KINDS))
  return [...typeProblems(core), ...core.flatMap(valueProblems), ...others.flatMap(customProblems)]
}

function customProblems(object: K8sObject): readonly string[] {
  const schema = CUSTOM_KINDS[kindOf(object)]
  if (schema === undefined) return [`${kindOf(object)} is not one of the kinds used here`]
  const validate = ajv.compile(schema)
  if (validate(object)) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message = '' }) =>
      `${object.kind} ${object.metadata?.name ?? ''}${instancePath}: ${message}`,
  )
}

type Model = new (object: K8sObject) => { validate(): void }
const load = createRequire(import.meta.url)

function valueProblems(object: K8sObject): readonly string[] {
  const module = load(`kubernetes-models/${CORE_KINDS[kindOf(object)] ?? ''}`) as object
  const Kind = (module as Readonly<Record<string, Model>>)[object.kind]
  if (!Kind) return [`kubernetes-models has no ${object.kind}`]
  try {
    new Kind(object).validate()
    return []
  } catch (error) {
    return [`${object.kind} ${object.metadata?.name ?? ''}: ${(error as Error).message}`]
  }
}

function typeProblems(objects: readonly K8sObject[]): readonly string[] {
  const path = join(import.meta.dirname, 'rendered.ts')
  const lines = objects.map((object, index) => {
    const from = `kubernetes-models/${CORE_KINDS[kindOf(object)] ?? ''}/${object.kind}`
    return `export const o${index}: import('${from}').I${object.kind} = ${JSON.stringify(object)}`
  })
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const readSource = host.getSourceFile.bind(host)
  host.getSourceFile = (name, version, ...rest) =>
    name === path
      ? ts.createSourceFile(name, lines.join('\n'), version)
      : readSource(name, version, ...rest)
  const isOnDisk = host.fileExists.bind(host)
  host.fileExists = (name) => name === path || isOnDisk(name)
  const program = ts.createProgram([path], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const object = file && objects[file.getLineAndCharacterOfPosition(start).line]
    const message = ts.flattenDiagnosticMessageText(messageText, ' ')
    return `${object?.kind ?? ''} ${object?.metadata?.name ?? ''}: ${message}`
  })
}
