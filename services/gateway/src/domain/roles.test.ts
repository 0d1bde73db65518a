import { ROLES } from '@lexcustis/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PERMISSIONS, permissionsOfKey, ROLE_TABLE, roleOfKey, SCOPES } from './roles.js'

const owners = fc.constantFrom('member', 'reviewer', 'auditor', 'admin' as const)
const scopes = fc.subarray([...SCOPES])

describe('the role table', () => {
  test('gives an admin all that member, reviewer and auditor have', () => {
    const three = (['member', 'reviewer', 'auditor'] as const).flatMap((r) => [...ROLE_TABLE[r]])
    expect(three.filter((permission) => !ROLE_TABLE.admin.has(permission))).toEqual([])
  })

  test('gives an auditor nothing that writes, and no chat', () => {
    const writes = [...ROLE_TABLE.auditor].filter((p) => p === 'chat' || p.endsWith('.write'))
    expect(writes).toEqual([])
  })

  test('gives an operator nothing that an organisation’s people have', () => {
    const shared = [...ROLE_TABLE.operator].filter((permission) => ROLE_TABLE.admin.has(permission))
    expect(shared).toEqual([])
  })

  test('gives nobody but a key the right to issue tenant tokens', () => {
    expect(ROLES.filter((role) => ROLE_TABLE[role].has('tenant_tokens.issue'))).toEqual([])
  })

  test('uses every permission', () => {
    const used = new Set(ROLES.flatMap((role) => [...ROLE_TABLE[role]]))
    expect(PERMISSIONS.filter((p) => !used.has(p))).toEqual(['tenant_tokens.issue'])
  })
})

describe('an API key', () => {
  test('never has more than its owner, tenant tokens of an admin aside', () => {
    fc.assert(
      fc.property(owners, scopes, (owner, chosen) => {
        for (const permission of permissionsOfKey(owner, chosen)) {
          if (permission === 'tenant_tokens.issue') expect(owner).toBe('admin')
          else expect(ROLE_TABLE[owner].has(permission)).toBe(true)
        }
      }),
    )
  })

  test('can never administer, whatever its scopes', () => {
    const all = permissionsOfKey('admin', SCOPES)
    for (const permission of ['users.write', 'keys.write', 'settings.write'] as const) {
      expect(all.has(permission)).toBe(false)
    }
  })

  test('shows services a role that covers what it may do', () => {
    fc.assert(
      fc.property(owners, scopes, (owner, chosen) => {
        const role = roleOfKey(owner, chosen)
        for (const permission of permissionsOfKey(owner, chosen)) {
          if (permission !== 'tenant_tokens.issue')
            expect(ROLE_TABLE[role].has(permission)).toBe(true)
        }
      }),
    )
  })

  test.each([
    [['chat'], 'member'],
    [['chat', 'documents'], 'reviewer'],
    [['audit'], 'auditor'],
    [['chat', 'audit'], 'admin'],
    [['peer'], 'admin'],
  ] as const)('of an admin with %j acts as %s', (chosen, role) => {
    expect(roleOfKey('admin', chosen)).toBe(role)
  })
})
