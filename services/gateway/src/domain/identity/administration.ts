import { AppError, type Role, uuidv7 } from '@lexcustis/core'
import type { AuditTrail } from '../audit-trail.js'
import type { Principal, TenantPrincipal } from '../principal.js'
import { DEFAULT_SCOPES, type Scope } from '../roles.js'
import type { Account, ApiKey, Organization } from './model.js'
import type { AccountStore, ApiKeyStore, OrganizationStore } from './ports.js'
import { createApiKeySecret } from './secrets.js'
import type { Passwords } from './sign-in.js'

export interface AdministrationDeps {
  readonly organizations: OrganizationStore
  readonly accounts: AccountStore
  readonly keys: ApiKeyStore
  readonly passwords: Passwords
  readonly trail: AuditTrail
}

export interface NewOrganization {
  readonly name: string
  readonly slug: string
  readonly admin: { readonly email: string; readonly password: string }
}

export interface NewUser {
  readonly email: string
  readonly password: string
  readonly role: Exclude<Role, 'operator'>
}

export interface IssuedKey {
  readonly key: ApiKey
  /** The whole credential: shown once, stored nowhere. */
  readonly text: string
}

/** What operators and admins do; each act is in the log before it takes effect. */
export interface Administration {
  createOrganization(
    operator: Principal,
    input: NewOrganization,
  ): Promise<{ readonly organization: Organization; readonly admin: { id: string; email: string } }>
  createUser(admin: TenantPrincipal, input: NewUser): Promise<Account>
  createApiKey(
    admin: TenantPrincipal,
    input: { readonly name: string; readonly scopes?: readonly Scope[] | undefined },
  ): Promise<IssuedKey>
  /** NOT_FOUND also for keys of other organisations and for keys revoked before. */
  revokeApiKey(admin: TenantPrincipal, id: string): Promise<void>
  rename(admin: TenantPrincipal, name: string): Promise<void>
  /** Quiet when it already was so. */
  setPaused(admin: TenantPrincipal, isPaused: boolean): Promise<void>
}

export function createAdministration(deps: AdministrationDeps): Administration {
  const { organizations, accounts, keys, passwords, trail } = deps
  return {
    createOrganization: async (operator, { name, slug, admin }) => {
      const organization = { id: uuidv7(), slug, name, pausedAt: undefined }
      const account = {
        organizationId: organization.id,
        id: uuidv7(),
        email: admin.email,
        passwordHash: await passwords.hash(admin.password),
        role: 'admin' as const,
      }
      const actor = { ...operator, organizationId: organization.id }
      await organizations.create(organization, account, async () =>
        trail.record(actor, userCreated(account)),
      )
      return { organization, admin: { id: account.id, email: account.email } }
    },

    createUser: async (admin, { email, password, role }) => {
      const account = {
        organizationId: admin.organizationId,
        id: uuidv7(),
        email,
        passwordHash: await passwords.hash(password),
        role,
      }
      return accounts.create(account, async () => trail.record(admin, userCreated(account)))
    },

    createApiKey: async (admin, { name, scopes = DEFAULT_SCOPES }) => {
      const secret = createApiKeySecret()
      const created = {
        organizationId: admin.organizationId,
        id: uuidv7(),
        accountId: admin.userId,
        name,
        prefix: secret.prefix,
        scopes: [...new Set(scopes)].sort(),
        secretSha256: secret.sha256,
      }
      const key = await keys.create(created, async () =>
        trail.record(admin, {
          type: 'apikey.created',
          attrs: { key: created.id, scopes: created.scopes },
        }),
      )
      return { key, text: secret.text }
    },

    revokeApiKey: async (admin, id) => {
      const wasThere = await keys.revoke(admin.organizationId, id, async () =>
        trail.record(admin, { type: 'apikey.revoked', attrs: { key: id } }),
      )
      if (!wasThere) throw new AppError('NOT_FOUND', 'there is no such API key')
    },

    rename: async (admin, name) =>
      organizations.rename(admin.organizationId, name, async () =>
        trail.record(admin, { type: 'settings.changed', attrs: { changed: ['name'] } }),
      ),

    setPaused: async (admin, isPaused) => {
      await organizations.setPaused(admin.organizationId, isPaused, async () =>
        trail.record(admin, {
          type: isPaused ? 'organization.paused' : 'organization.resumed',
          attrs: {},
        }),
      )
    },
  }
}

function userCreated({ id, role }: { readonly id: string; readonly role: Role }) {
  return { type: 'user.created' as const, attrs: { user: id, role } }
}
