import { AppError, type TenantContext } from '@lexcustis/core'
import type { Owner } from './collection.js'

/** The organisation whose documents may be read. The operator reads no tenant content. */
export function readerOf(tenant: TenantContext): Owner {
  if (tenant.userRole === 'operator') throw forbidden('read documents of an organisation')
  return tenant.organizationId
}

/** The organisation whose documents may be changed. */
export function editorOf(tenant: TenantContext): Owner {
  if (tenant.userRole !== 'admin' && tenant.userRole !== 'reviewer') {
    throw forbidden('add or delete documents')
  }
  return tenant.organizationId
}

/** Throws unless the shared knowledge base may be changed. */
export function requireOperator(tenant: TenantContext): void {
  if (tenant.userRole !== 'operator') throw forbidden('change the shared knowledge base')
}

function forbidden(what: string): AppError {
  return new AppError('FORBIDDEN', `this role may not ${what}`)
}
