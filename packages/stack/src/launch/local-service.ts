import { environmentOf } from './environment.js'
import { layoutOf } from './layout.js'
import { SERVICES, type ServiceName } from './manifest.js'
import type { Ports } from './ports.js'

/**
 * The settings of a service of the stack in a data folder, for a command that runs beside it: the
 * same secrets and folders. Ports are the manifest's; a command listens on none.
 */
export function localEnvironment(
  dataDir: string,
  name: ServiceName,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const service = SERVICES.find((entry) => entry.name === name)
  if (!service) throw new Error(`there is no service ${name}`)
  const services = Object.fromEntries(
    SERVICES.map(({ name: each, ports }) => [
      each,
      { http: ports.http, grpc: ports.grpc, metrics: ports.metrics },
    ]),
  ) as Ports['services']
  const ports = { services, postgres: 0, redis: 0, areAuto: false }
  return environmentOf(service, { layout: layoutOf(dataDir), ports, redisUrlFile: undefined, env })
}
