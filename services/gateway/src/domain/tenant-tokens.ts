import type { Principal } from './principal.js'

/** A service a token is good for: its certificate name. */
export type Audience = 'audit' | 'compliance' | 'rag' | 'llm'

/** Signed proof, for one service, of who asks on behalf of which organisation. */
export interface TokenSource {
  /** Good for at least 30 s more. */
  for(principal: Principal, audience: Audience): Promise<string>
}

/**
 * Stands where an organisation is required and there is none: an operator who writes the shared
 * knowledge base. A version 8 UUID (RFC 9562, section 5.8), which no organisation can have.
 */
export const DEPLOYMENT_ID = '00000000-0000-8000-8000-000000000000'

/** Issues tokens to peer services, which want all of the 60 s. */
export interface TenantTokenIssuer {
  issue(principal: Principal, audience: Audience): Promise<string>
}
