import { AppError } from '@lexcustis/core'
import type { App } from '../app.js'
import { sendFailure } from './problem.js'

/** Unknown paths answer 404; known paths with another method 405 and the methods there are. */
export function registerNotFound(app: App): void {
  const methodsByPath = new Map<
    string,
    { readonly pattern: RegExp; readonly methods: Set<string> }
  >()

  app.addHook('onRoute', ({ url, method }) => {
    const known = methodsByPath.get(url) ?? { pattern: patternOf(url), methods: new Set() }
    for (const name of [method].flat()) known.methods.add(name)
    methodsByPath.set(url, known)
  })

  app.setNotFoundHandler(async (request, reply) => {
    const [path = ''] = request.url.split('?')
    const allowed = [...methodsByPath.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap(({ methods }) => [...methods])
    if (allowed.length === 0) {
      return sendFailure(request, reply, new AppError('NOT_FOUND', 'there is nothing here'))
    }
    const names = [...new Set(allowed)].sort().join(', ')
    void reply.header('allow', names)
    const failure = new AppError('METHOD_NOT_ALLOWED', `this path takes ${names}`)
    return sendFailure(request, reply, failure)
  })
}

/** `/documents/:id/events` → a pattern for concrete paths. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+'
    return part === '*' ? '.*' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  })
  return new RegExp(`^${parts.join('/')}$`)
}
