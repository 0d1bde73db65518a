import type { AuditReaderDefinition } from '@lexcustis/proto/audit'
import type { Call, Handlers } from '@lexcustis/rpc'
import type { Checkpoints } from '../checkpoints.js'
import type { Divergence } from '../domain/signing/divergence.js'

export interface CheckpointDeps {
  readonly origin: string
  readonly checkpoints: Pick<Checkpoints, 'newest' | 'proofs' | 'vkeys' | 'deploymentKeys'>
}

type Signed = Pick<
  Handlers<typeof AuditReaderDefinition>,
  'getCheckpoint' | 'getInclusionProof' | 'getConsistencyProof' | 'getKeys' | 'getDeploymentKeys'
>

/** The part of AuditReaderService that is about what was signed. */
export function checkpointMethods({ origin, checkpoints }: CheckpointDeps): Signed {
  const logOf = async (call: Call) => {
    const { organizationId } = await call.tenant()
    return (await checkpoints.newest(organizationId)).log
  }
  return {
    getCheckpoint: async (_, call) => {
      const { organizationId } = await call.tenant()
      const { note, divergence } = await checkpoints.newest(organizationId)
      return { note, divergence: divergence && toDivergenceMessage(divergence) }
    },
    getInclusionProof: async ({ sequence, size }, call) =>
      toProofMessage(await checkpoints.proofs.inclusion(await logOf(call), sequence, size)),
    getConsistencyProof: async ({ from, to }, call) =>
      toProofMessage(await checkpoints.proofs.consistency(await logOf(call), from, to)),
    getKeys: async (_, call) => {
      const { organizationId } = await call.tenant()
      return { vkeys: [...(await checkpoints.vkeys(organizationId))] }
    },
    // Names no tenant, so it asks for none.
    getDeploymentKeys: async () => ({
      origin,
      keys: checkpoints.deploymentKeys().map(({ publicKey, announcedAt, retiredAt }) => ({
        publicKey: Buffer.from(publicKey, 'base64'),
        announcedAt,
        retiredAt: retiredAt ?? '',
      })),
    }),
  }
}

function toProofMessage({
  size,
  hashes,
}: {
  readonly size: bigint
  readonly hashes: readonly Uint8Array[]
}) {
  return { size, hashes: hashes.map((hash) => Buffer.from(hash)) }
}

function toDivergenceMessage(divergence: Divergence) {
  const { code, incarnation, signedSize, storedSize } = divergence
  return { code, incarnation, signedSize, storedSize }
}
