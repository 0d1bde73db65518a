import type { Role } from '@lexcustis/core'
import type { Scope } from '../roles.js'

export interface Organization {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly pausedAt: Date | undefined
}

/** Somebody who can sign in; an operator's organisation is the deployment. */
export interface Account {
  readonly organizationId: string
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly createdAt: Date
}

export interface Credentials {
  readonly account: Account
  readonly passwordHash: string
}

export interface NewAccount {
  readonly organizationId: string
  readonly id: string
  readonly email: string
  readonly passwordHash: string
  readonly role: Role
}

export interface ApiKey {
  readonly organizationId: string
  readonly id: string
  /** Who made it; the key can do no more than this account. */
  readonly accountId: string
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly Scope[]
  readonly createdAt: Date
  readonly revokedAt: Date | undefined
}

export interface NewApiKey extends Omit<ApiKey, 'createdAt' | 'revokedAt'> {
  readonly secretSha256: Buffer
}

/** A key with what is needed to check a credential against it. */
export interface StoredApiKey {
  readonly key: ApiKey
  readonly secretSha256: Buffer
  readonly ownerRole: Role
}

/** E-mail addresses are compared in this form. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}
