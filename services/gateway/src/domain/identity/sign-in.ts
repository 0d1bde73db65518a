import { AppError, type Clock } from '@lexcustis/core'
import type { Limiter, LimitPolicy } from '../limits.js'
import { Refusal } from '../refusal.js'
import { DEPLOYMENT_ID } from '../tenant-tokens.js'
import { type Account, emailKey, type Organization } from './model.js'
import type { AccountStore, OrganizationStore, RefreshStore } from './ports.js'
import { createRefreshToken, sha256 } from './secrets.js'

export const ACCESS_TOKEN_SECONDS = 900
const REFRESH_TOKEN_MS = 30 * 86_400_000

/** Slow hashing of passwords. */
export interface Passwords {
  hash(password: string): Promise<string>
  /** Takes as long for a missing hash as for a wrong password. */
  verify(hash: string | undefined, password: string): Promise<boolean>
}

export interface AccessTokenIssuer {
  /** A token for the account, good for ACCESS_TOKEN_SECONDS. */
  issue(account: Account): Promise<string>
}

export interface Session {
  readonly account: Account
  /** Absent for operators. */
  readonly organization: Organization | undefined
  readonly accessToken: string
  readonly refreshToken: string
}

export interface SignInDeps {
  readonly accounts: Pick<AccountStore, 'findByEmail' | 'get'>
  readonly organizations: Pick<OrganizationStore, 'get'>
  readonly refreshTokens: RefreshStore
  readonly passwords: Passwords
  readonly accessTokens: AccessTokenIssuer
  readonly limiter: Limiter
  readonly loginLimit: LimitPolicy
  readonly clock: Clock
  /** Told of a wrong password for an existing account, after the answer is decided. */
  readonly onFailure: (account: Account) => void
}

export interface SignIn {
  /** The same UNAUTHENTICATED for a wrong address and a wrong password; RATE_LIMITED after many. */
  login(email: string, password: string): Promise<Session>
  /** A new pair of tokens; the old refresh token is used up. */
  refresh(refreshToken: string): Promise<Session>
  /** Ends the sign-in that the token belongs to. */
  logout(refreshToken: string): Promise<void>
}

export function createSignIn(deps: SignInDeps): SignIn {
  const { accounts, refreshTokens, passwords, limiter, loginLimit } = deps
  const expiry = () => new Date(Number(deps.clock.nowMicros() / 1000n) + REFRESH_TOKEN_MS)

  const sessionOf = async (account: Account, refreshToken: string): Promise<Session> => ({
    account,
    organization: await organizationOf(deps.organizations, account),
    accessToken: await deps.accessTokens.issue(account),
    refreshToken,
  })

  return {
    login: async (email, password) => {
      const key = emailKey(email)
      // Only failures count, so nobody is locked out by signing in often.
      await assertMayTry(limiter, loginLimit, key)
      const found = await accounts.findByEmail(key)
      const isRight = await passwords.verify(found?.passwordHash, password)
      if (!found || !isRight) {
        await limiter.hit(loginLimit, limitKey(key))
        if (found) deps.onFailure(found.account)
        throw new AppError('UNAUTHENTICATED', 'the e-mail address or the password is wrong')
      }
      const { account } = found
      const token = createRefreshToken()
      await refreshTokens.start(account.organizationId, account.id, token.sha256, expiry())
      return sessionOf(account, token.text)
    },

    refresh: async (refreshToken) => {
      const next = createRefreshToken()
      const grant = await refreshTokens.rotate(sha256(refreshToken), next.sha256, expiry())
      const account = grant && (await accounts.get(grant.organizationId, grant.accountId))
      if (!account) throw new AppError('UNAUTHENTICATED', 'the refresh token is not valid')
      return sessionOf(account, next.text)
    },

    logout: async (refreshToken) => refreshTokens.end(sha256(refreshToken)),
  }
}

/** An address is personal data: counters see its hash. */
const limitKey = (key: string): string => sha256(key).toString('base64url')

async function assertMayTry(limiter: Limiter, policy: LimitPolicy, key: string): Promise<void> {
  const { remaining, resetMs } = await limiter.peek(policy, limitKey(key))
  if (remaining > 0) return
  throw new Refusal('RATE_LIMITED', 'rate_limited', 'too many failed attempts; wait', true, {
    retryAfterMs: resetMs,
  })
}

async function organizationOf(
  organizations: Pick<OrganizationStore, 'get'>,
  { organizationId }: Account,
): Promise<Organization | undefined> {
  return organizationId === DEPLOYMENT_ID ? undefined : organizations.get(organizationId)
}
