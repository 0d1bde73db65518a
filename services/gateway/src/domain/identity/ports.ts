import type { Page, PageRequest } from '../page.js'
import type {
  Account,
  ApiKey,
  Credentials,
  NewAccount,
  NewApiKey,
  Organization,
  StoredApiKey,
} from './model.js'

/**
 * Called inside the transaction, after its statements and before it commits. When it throws, nothing
 * was changed: this is how the record of a change comes to be durable before the change is.
 */
export type BeforeCommit = () => Promise<unknown>

export interface OrganizationStore {
  get(organizationId: string): Promise<Organization | undefined>
  /** CONFLICT when the slug or the admin's address is taken. */
  create(organization: Organization, admin: NewAccount, record: BeforeCommit): Promise<void>
  /** False when it already was so. */
  setPaused(organizationId: string, isPaused: boolean, record: BeforeCommit): Promise<boolean>
  rename(organizationId: string, name: string, record: BeforeCommit): Promise<void>
}

export interface AccountStore {
  findByEmail(emailKey: string): Promise<Credentials | undefined>
  get(organizationId: string, id: string): Promise<Account | undefined>
  list(organizationId: string, page: PageRequest): Promise<Page<Account>>
  /** CONFLICT when the address is taken. */
  create(account: NewAccount, record: BeforeCommit): Promise<Account>
  hasOperator(): Promise<boolean>
}

export interface ApiKeyStore {
  find(prefix: string): Promise<StoredApiKey | undefined>
  list(organizationId: string, page: PageRequest): Promise<Page<ApiKey>>
  create(key: NewApiKey, record: BeforeCommit): Promise<ApiKey>
  /** False when there is no such key, or it was revoked before. */
  revoke(organizationId: string, id: string, record: BeforeCommit): Promise<boolean>
}

export interface RefreshGrant {
  readonly organizationId: string
  readonly accountId: string
  readonly familyId: string
}

export interface RefreshStore {
  /** Starts a family with its first token. */
  start(
    organizationId: string,
    accountId: string,
    tokenSha256: Buffer,
    expiresAt: Date,
  ): Promise<void>
  /**
   * Replaces a token. Undefined when it is unknown, expired or its family ended; a token that was
   * used before ends its family: one of its two users has stolen it.
   */
  rotate(usedSha256: Buffer, nextSha256: Buffer, expiresAt: Date): Promise<RefreshGrant | undefined>
  /** Ends the family of a token; quiet when there is none. */
  end(tokenSha256: Buffer): Promise<void>
}

export interface AuthFailureStore {
  /** Counts one failed sign-in. */
  count(organizationId: string, accountId: string): Promise<void>
  /** Accounts with failures whose minute is over. */
  due(): Promise<readonly { readonly organizationId: string; readonly accountId: string }[]>
  /** Hands what is due of one account to `record`, and forgets it when that succeeded. */
  report(
    organizationId: string,
    accountId: string,
    record: (count: number) => Promise<unknown>,
  ): Promise<void>
}
