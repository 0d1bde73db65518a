import { z } from 'zod'
import { type CallOptions, callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import type { TenantPrincipal } from '../domain/principal.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import { registerAuditExport } from './audit-export.js'
import { registerAuditProofs } from './audit-proofs.js'
import { registerAuditVerify } from './audit-verify.js'
import { Entry, EntryContent, toEntry, toEntryContent } from './audit-view.js'
import type { GatewayDeps } from './gateway-deps.js'
import { asNotFound, IdParams, page, PageQuery, readId } from './schemas.js'

export const AUDIT_TIMEOUT_MS = 15_000

const EntriesQuery = PageQuery.extend({
  type: z
    .string()
    .regex(/^[a-z]{1,32}\.[a-z]{1,32}$/, 'is not a type of record')
    .optional(),
  ref: z.uuid({ error: 'is not an id' }).optional(),
})

/** `/api/v1/audit`: the organisation's log. */
export function auditRoutes(
  app: App,
  deps: Pick<GatewayDeps, 'peers' | 'tokens' | 'clock' | 'shutdown'>,
): void {
  entryRoutes(app, deps)
  registerAuditVerify(app, deps)
  registerAuditProofs(app, deps)
  registerAuditExport(app, deps)
}

function entryRoutes(app: App, { peers, tokens }: Pick<GatewayDeps, 'peers' | 'tokens'>): void {
  const contextOf = async (principal: TenantPrincipal, options: CallOptions = {}) =>
    callContext(tokens, principal, 'audit', { timeoutMs: AUDIT_TIMEOUT_MS, ...options })

  app.get(
    '/api/v1/audit/entries',
    {
      ...requirePermission('audit.entries'),
      schema: {
        tags: ['audit'],
        summary: 'Records of the log, oldest first',
        querystring: EntriesQuery,
        response: { 200: page(Entry) },
      },
    },
    async (request) => {
      const { limit, cursor = '', type = '', ref = '' } = request.query
      const { records, nextCursor } = await peers.audit.reader.listEntries(
        { limit, cursor, type, ref },
        await contextOf(tenantOf(request)),
      )
      return { items: records.map(toEntry), next_cursor: nextCursor || null }
    },
  )

  app.get(
    '/api/v1/audit/entries/:id',
    {
      ...requirePermission('audit.entries'),
      schema: {
        tags: ['audit'],
        summary: 'One record',
        params: IdParams,
        response: { 200: Entry },
      },
    },
    async (request) => {
      const value = readId(request.params.id, 'entry')
      const { record } = await peers.audit.reader
        .getEntry({ key: { $case: 'id', value } }, await contextOf(tenantOf(request)))
        .catch(asNotFound('entry'))
      return toEntry(record)
    },
  )

  app.get(
    '/api/v1/audit/entries/:id/content',
    {
      ...requirePermission('audit.content'),
      schema: {
        tags: ['audit'],
        summary: 'What a record commits to; reading it is itself recorded',
        params: IdParams,
        response: { 200: EntryContent },
      },
    },
    async (request) => {
      const id = readId(request.params.id, 'entry')
      const content = await peers.audit.content
        .getContent({ id }, await contextOf(tenantOf(request)))
        .catch(asNotFound('entry'))
      return toEntryContent(id, content)
    },
  )
}
