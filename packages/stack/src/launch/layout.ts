import { join } from 'node:path'

/** Where everything is in a data folder. */
export interface Layout {
  readonly root: string
  readonly secrets: string
  readonly certificates: string
  readonly logs: string
  readonly checkpoints: string
  readonly vectors: string
  readonly redis: string
  /** Which processes run, for the next start. */
  readonly runRecord: string
  readonly secret: (name: string) => string
  readonly log: (name: string) => string
}

export function layoutOf(root: string): Layout {
  const secrets = join(root, 'secrets')
  const logs = join(root, 'logs')
  return {
    root,
    secrets,
    certificates: join(root, 'certs'),
    logs,
    checkpoints: join(root, 'checkpoints'),
    vectors: join(root, 'lancedb'),
    redis: join(root, 'redis'),
    runRecord: join(root, 'run.json'),
    secret: (name) => join(secrets, name),
    log: (name) => join(logs, `${name}.log`),
  }
}
