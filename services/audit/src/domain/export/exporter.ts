import { AppError, type TenantContext } from '@lexcustis/core'
import { exportBundle, type ExportDeps } from './export-bundle.js'
import type { Piece } from './ports.js'
import type { ExportRequest } from './request.js'

export type Exporter = (
  tenant: TenantContext,
  request: ExportRequest,
  signal: AbortSignal,
) => AsyncGenerator<Piece, void>

const AT_ONCE = 2
const RETRY_AFTER_MS = 10_000

/** Each export reads, decrypts and sends as fast as it can, so few run at once. Throws RATE_LIMITED. */
export function createExporter(deps: ExportDeps): Exporter {
  let running = 0
  return async function* (tenant, request, signal) {
    if (running >= AT_ONCE) {
      throw new AppError('RATE_LIMITED', 'other exports are running; try again in a while', {
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
    running += 1
    try {
      yield* exportBundle(deps, tenant, request, signal)
    } finally {
      running -= 1
    }
  }
}
