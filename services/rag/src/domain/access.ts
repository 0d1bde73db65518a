import { AppError, type TenantContext } from '@lexcustis/core'
import { type Owner, SHARED_OWNER } from './collection.js'

/** The organisation whose documents may be read. The operator reads no tenant content. */
export function readerOf(tenant: TenantContext): Owner {
  if (tenant.userRole === 'operator') throw forbidden('read documents of an organisation')
  return organizationOf(tenant)
}

/** The organisation whose documents may be changed. */
export function editorOf(tenant: TenantContext): Owner {
  if (tenant.userRole !== 'admin' && tenant.userRole !== 'reviewer') {
    throw forbidden('add or delete documents')
  }
  return organizationOf(tenant)
}

/** Throws unless the shared knowledge base may be changed. */
export function requireOperator(tenant: TenantContext): void {
  if (tenant.userRole !== 'operator') throw forbidden('change the shared knowledge base')
}

/** The shared knowledge base is nobody's organisation, whoever signs that it is. */
function organizationOf({ organizationId }: TenantContext): Owner {
  if (organizationId === SHARED_OWNER) throw forbidden('use the shared knowledge base as its own')
  return organizationId
}

function forbidden(what: string): AppError {
  return new AppError('FORBIDDEN', `this role may not ${what}`)
}
