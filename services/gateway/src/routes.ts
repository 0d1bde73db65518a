import type { RouteModule } from './app.js'
import { apiKeysRoutes } from './routes/api-keys.js'
import { auditRoutes } from './routes/audit.js'
import { authRoutes } from './routes/auth.js'
import { chatRoutes } from './routes/chat.js'
import { documentsRoutes } from './routes/documents.js'
import type { GatewayDeps } from './routes/gateway-deps.js'
import { healthRoutes } from './routes/health.js'
import { knowledgeRoutes } from './routes/knowledge.js'
import { organizationRoutes } from './routes/organization.js'
import { organizationsRoutes } from './routes/organizations.js'
import { retentionRoutes } from './routes/retention.js'
import { subjectsRoutes } from './routes/subjects.js'
import { tenantTokensRoutes } from './routes/tenant-tokens.js'
import { usersRoutes } from './routes/users.js'
import { wellKnownRoutes } from './routes/well-known.js'

/** Everything the gateway serves. */
export const ROUTES: readonly RouteModule<GatewayDeps>[] = [
  healthRoutes,
  wellKnownRoutes,
  authRoutes,
  organizationsRoutes,
  knowledgeRoutes,
  usersRoutes,
  apiKeysRoutes,
  tenantTokensRoutes,
  organizationRoutes,
  documentsRoutes,
  auditRoutes,
  subjectsRoutes,
  retentionRoutes,
  chatRoutes,
]
