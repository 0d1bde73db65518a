import type { Principal } from './principal.js'

/** Turns a bearer credential, an access token or an API key, into who it stands for. */
export interface Authenticator {
  /** Throws UNAUTHENTICATED, the same for everything that is wrong with a credential. */
  authenticate(credential: string): Promise<Principal>
}
