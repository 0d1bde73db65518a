/** What npm start runs: this page is the whole list. */
export interface ServiceEntry {
  readonly name: ServiceName
  /** Ports under npm start unless the environment or LEXCUSTIS_PORTS=auto says otherwise. */
  readonly ports: { readonly http?: number; readonly grpc?: number; readonly metrics: number }
  /** Services it calls: it is given their addresses. */
  readonly calls: readonly ServiceName[]
}

export type ServiceName = 'audit' | 'llm' | 'rag' | 'compliance' | 'gateway'

/** In the order of starting. */
export const SERVICES: readonly ServiceEntry[] = [
  { name: 'audit', ports: { grpc: 50051, metrics: 9051 }, calls: [] },
  { name: 'llm', ports: { grpc: 50054, metrics: 9054 }, calls: [] },
  { name: 'rag', ports: { grpc: 50053, metrics: 9053 }, calls: [] },
  {
    name: 'compliance',
    ports: { grpc: 50052, metrics: 9052 },
    calls: ['audit', 'llm', 'rag'],
  },
  {
    name: 'gateway',
    ports: { http: 8080, metrics: 9080 },
    calls: ['audit', 'compliance', 'rag', 'llm'],
  },
]

/** In the order of stopping: who asks goes before who answers. */
export const STOP_ORDER: readonly (readonly string[])[] = [
  ['gateway'],
  ['compliance', 'rag', 'llm'],
  ['audit'],
  ['redis', 'postgres'],
]

/** `AUDIT_`: start of the names of a service's settings. */
export function prefixOf(name: ServiceName): string {
  return `${name.toUpperCase()}_`
}
