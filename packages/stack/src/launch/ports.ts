import { StackFailure } from '../failure.js'
import { freePorts, isPortFree } from '../ports.js'
import { prefixOf, SERVICES, type ServiceEntry, type ServiceName } from './manifest.js'

export interface ServicePorts {
  readonly http: number | undefined
  readonly grpc: number | undefined
  readonly metrics: number
}

export interface Ports {
  readonly services: Readonly<Record<ServiceName, ServicePorts>>
  readonly postgres: number
  readonly redis: number
  /** Chosen by us, whatever the environment says. */
  readonly areAuto: boolean
}

type Environment = Readonly<Record<string, string | undefined>>
type Kind = keyof ServicePorts

const VARIABLE: Readonly<Record<Kind, string>> = {
  http: 'LISTEN_PORT',
  grpc: 'GRPC_PORT',
  metrics: 'METRICS_PORT',
}

/**
 * Decides every port. The published ones are those of the manifest, or of the environment; with
 * `LEXCUSTIS_PORTS=auto` they are free ones. Database and Redis are nobody's business and always
 * take a free one. Throws PORT_BUSY.
 */
export async function choosePorts(env: Environment): Promise<Ports> {
  const isAuto = env['LEXCUSTIS_PORTS'] === 'auto'
  const wanted = SERVICES.flatMap((service) => kindsOf(service).map((kind) => ({ service, kind })))
  const free = await freePorts(wanted.length + 2)
  const take = (): number => free.pop() ?? 0

  const services: Record<string, Record<string, number>> = {}
  for (const { service, kind } of wanted) {
    const port = isAuto ? take() : fixedPort(env, service, kind)
    if (!isAuto && !(await isPortFree(port))) throw portBusy(service, kind, port)
    services[service.name] = { ...services[service.name], [kind]: port }
  }
  return {
    services: services as unknown as Ports['services'],
    postgres: take(),
    redis: take(),
    areAuto: isAuto,
  }
}

function kindsOf({ ports }: ServiceEntry): Kind[] {
  return (['http', 'grpc', 'metrics'] as const).filter((kind) => ports[kind] !== undefined)
}

function fixedPort(env: Environment, service: ServiceEntry, kind: Kind): number {
  const given = Number(env[prefixOf(service.name) + VARIABLE[kind]])
  const isPort = Number.isInteger(given) && given > 0 && given < 65_536
  return isPort ? given : (service.ports[kind] ?? 0)
}

function portBusy(service: ServiceEntry, kind: Kind, port: number): StackFailure {
  const variable = prefixOf(service.name) + VARIABLE[kind]
  return new StackFailure(
    'PORT_BUSY',
    `Port ${port}, which ${service.name} needs, is in use by another program; stop that program, ` +
      `choose another port with ${variable}, or let LEXCUSTIS_PORTS=auto choose all of them.`,
    { port, service: service.name },
  )
}
