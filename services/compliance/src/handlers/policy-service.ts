import { AppError } from '@lexcustis/core'
import type { PolicyDefinition, SetPolicyRequest } from '@lexcustis/proto/compliance'
import type { Handlers } from '@lexcustis/rpc'
import type { PolicyChange, PolicyStore } from '../domain/policy.js'
import { fromCheck, fromMode, invalid, toPolicy } from './wire.js'

export interface PolicyDeps {
  readonly policies: PolicyStore
  readonly policyChanged: (organizationId: string, version: string) => void
}

/** PolicyService: everyone of an organisation may read its policy, an admin may change it. */
export function createPolicyHandlers(deps: PolicyDeps): Handlers<typeof PolicyDefinition> {
  return {
    getPolicy: async (_request, call) => {
      const { organizationId } = await call.tenant()
      return { policy: toPolicy(await deps.policies.get(organizationId)) }
    },
    setPolicy: async (request, call) => {
      const { organizationId, userId, userRole } = await call.tenant()
      if (userRole !== 'admin') {
        throw new AppError('FORBIDDEN', 'only an admin of the organisation may change its policy')
      }
      const modes = readModes(request)
      const policy = await deps.policies.set({ organizationId, userId, modes })
      deps.policyChanged(organizationId, policy.version)
      return { policy: toPolicy(policy) }
    },
  }
}

function readModes({ checks }: SetPolicyRequest): PolicyChange['modes'] {
  if (checks.length === 0) throw invalid('/checks', 'must name at least one check')
  const modes: { -readonly [K in keyof PolicyChange['modes']]: PolicyChange['modes'][K] } = {}
  for (const [index, policy] of checks.entries()) {
    const check = fromCheck(policy.check, `/checks/${index}/check`)
    if (modes[check]) throw invalid(`/checks/${index}/check`, 'is named twice')
    modes[check] = fromMode(policy.mode, `/checks/${index}/mode`)
  }
  return modes
}
