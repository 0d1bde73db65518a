import { AppError, mib } from '@lexcustis/core'
import type { App } from '../app.js'
import { parseJsonStrictly } from '../strict-json.js'

/** Size of the largest JSON body any route takes. */
export const JSON_BODY_BYTES = mib(1)

/**
 * JSON is the only body that is parsed here, and strictly; other content types are 415 unless a route
 * brings its own parser. No bytes at all means no body: whether that is fine is the schema's decision.
 */
export function registerJsonBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: JSON_BODY_BYTES },
    async (_request: unknown, body: string | Buffer) => {
      if (typeof body === 'string') throw new AppError('INTERNAL', 'expected bytes')
      return body.length === 0 ? undefined : parseJsonStrictly(body)
    },
  )
}
