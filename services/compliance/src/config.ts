import {
  directory,
  type Environment,
  optionalText,
  readEnvironment,
  type ServiceConfig,
  serviceShape,
  toServiceConfig,
} from '@lexcustis/runtime'

export interface ComplianceConfig extends ServiceConfig {
  /** Folder of the classifier models; none are used in this version. */
  readonly modelDirectory: string | undefined
  /** Peers of the incident register and the dossier, which a later version brings. */
  readonly peers: {
    readonly audit: string | undefined
    readonly llm: string | undefined
    readonly rag: string | undefined
  }
}

const SHAPE = {
  ...serviceShape({ grpcPort: 50_052, metricsPort: 9_052 }),
  AUDIT_ADDRESS: optionalText(),
  LLM_ADDRESS: optionalText(),
  RAG_ADDRESS: optionalText(),
  MODEL_DIR: directory().optional(),
}

/** Reads `COMPLIANCE_*`; throws ConfigError with every problem. */
export function readConfig(env: Environment): ComplianceConfig {
  const parsed = readEnvironment('COMPLIANCE_', env, SHAPE)
  return {
    ...toServiceConfig(parsed),
    modelDirectory: parsed.MODEL_DIR,
    peers: { audit: parsed.AUDIT_ADDRESS, llm: parsed.LLM_ADDRESS, rag: parsed.RAG_ADDRESS },
  }
}
