import type { TenantContext } from '@lexcustis/core'
import { createTenantTokenSigner } from '@lexcustis/rpc'
import { createSigningKey, publicKeys } from '@lexcustis/provision'

type PrivateJwk = Parameters<typeof createTenantTokenSigner>[0]
type Jwks = ReturnType<typeof publicKeys>

export interface TestTenantKeys {
  /** A tenant token as the gateway makes it, for one audience. */
  sign(tenant: TenantContext, audience: string): Promise<string>
  readonly jwks: Jwks
  readonly privateJwk: PrivateJwk
}

/** A signing key of a test's own. A second call is a key nobody trusts. */
export async function createTestTenantKeys(): Promise<TestTenantKeys> {
  const privateJwk = await createSigningKey()
  return {
    sign: await createTenantTokenSigner(privateJwk),
    jwks: publicKeys(privateJwk),
    privateJwk,
  }
}
