import { AppError, uuidv7 } from '@lexcustis/core'
import { DEPLOYMENT_ID } from '../tenant-tokens.js'
import type { AccountStore } from './ports.js'
import type { Passwords } from './sign-in.js'

/**
 * Creates the first operator, once: with an operator in the database the settings are ignored, so a
 * changed secret file never changes who runs the deployment. Returns whether one was created.
 */
export async function bootstrapOperator(
  accounts: Pick<AccountStore, 'create' | 'hasOperator'>,
  passwords: Pick<Passwords, 'hash'>,
  operator: { readonly email: string; readonly password: string },
): Promise<boolean> {
  if (await accounts.hasOperator()) return false
  const account = {
    organizationId: DEPLOYMENT_ID,
    id: uuidv7(),
    email: operator.email,
    passwordHash: await passwords.hash(operator.password),
    role: 'operator' as const,
  }
  try {
    await accounts.create(account, async () => undefined)
    return true
  } catch (error) {
    // Another gateway of the same deployment was faster.
    if (AppError.from(error).reason === 'CONFLICT' && (await accounts.hasOperator())) return false
    throw error
  }
}
