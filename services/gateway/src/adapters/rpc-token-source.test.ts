import { uuidv7 } from '@lexcustis/core'
import { createTenantTokenSigner, createTenantTokenVerifier } from '@lexcustis/rpc'
import { createTestTenantKeys } from '@lexcustis/testing'
import { describe, expect, test } from 'vitest'
import { operatorPrincipal, userPrincipal } from '../domain/principal.js'
import { DEPLOYMENT_ID } from '../domain/tenant-tokens.js'
import { createTokenSource } from './rpc-token-source.js'

const user = userPrincipal({ id: uuidv7(), organizationId: uuidv7(), role: 'member' })

describe('createTokenSource', () => {
  test('makes tokens that say who asks for which organisation, for one service', async () => {
    const keys = await createTestTenantKeys()
    const tokens = createTokenSource(await createTenantTokenSigner(keys.privateJwk))
    const token = await tokens.for(user, 'rag')
    expect(await createTenantTokenVerifier(keys.jwks, 'rag')(token)).toEqual({
      organizationId: user.organizationId,
      userId: user.userId,
      userRole: 'member',
      kind: 'user',
      via: 'jwt',
    })
    await expect(createTenantTokenVerifier(keys.jwks, 'audit')(token)).rejects.toThrow()
  })

  test('lets an operator stand for the deployment', async () => {
    const keys = await createTestTenantKeys()
    const tokens = createTokenSource(await createTenantTokenSigner(keys.privateJwk))
    const verify = createTenantTokenVerifier(keys.jwks, 'rag')
    expect(await verify(await tokens.for(operatorPrincipal(uuidv7()), 'rag'))).toMatchObject({
      organizationId: DEPLOYMENT_ID,
      userRole: 'operator',
    })
  })

  test('signs once in half a minute per principal, role and service', async () => {
    let signed = 0
    let now = 0
    const tokens = createTokenSource(
      async () => String(++signed),
      () => now,
    )
    expect(await tokens.for(user, 'rag')).toBe('1')
    expect(await tokens.for(user, 'rag')).toBe('1')
    expect(await tokens.for(user, 'audit')).toBe('2')
    expect(await tokens.for({ ...user, role: 'admin' }, 'rag')).toBe('3')
    expect(await tokens.for({ ...user, organizationId: uuidv7() }, 'rag')).toBe('4')
    now = 30_001
    expect(await tokens.for(user, 'rag')).toBe('5')
  })

  test('gives peers a fresh token each time, and forgets a failed signature', async () => {
    let signed = 0
    const tokens = createTokenSource(async () => {
      signed += 1
      if (signed === 1) throw new Error('no key')
      return String(signed)
    })
    await expect(tokens.for(user, 'rag')).rejects.toThrow()
    expect(await tokens.for(user, 'rag')).toBe('2')
    expect(await tokens.issue(user, 'rag')).toBe('3')
    expect(await tokens.issue(user, 'rag')).toBe('4')
  })
})
