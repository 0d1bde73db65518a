import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** What the first start takes for it on two cores, and some; a later start asks once and goes on. */
const WAIT_MS = 15_000

/**
 * Puts the guide that ships with the product into the shared knowledge base, as the operator, so that
 * it can be searched when the ready line comes. It never fails a start, and holds it up for `waitMs`
 * at most: what takes longer goes on behind it. When it does not work, one line says so.
 * `LEXCUSTIS_GUIDE=off` leaves the knowledge base as it is.
 */
export async function importGuide(checkout, ready, { say, signal, env, waitMs = WAIT_MS }) {
  const folder = join(checkout, 'knowledge', 'guide')
  if (env.LEXCUSTIS_GUIDE === 'off' || !existsSync(folder)) return
  const waiting = new AbortController()
  const patience = wait(waitMs, undefined, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([sync(folder, ready, { say, signal }), patience])
  waiting.abort()
}

async function sync(folder, { url, operator }, { say, signal }) {
  try {
    const { syncGuide } = await import('../knowledge/guide.mjs')
    const quiet = () => undefined
    const { email, password } = operator
    const login = { url, email, password, signal, say: quiet }
    const { added, replaced, removed } = await syncGuide(folder, login)
    const changes = [
      [added, 'new'],
      [replaced, 'updated'],
      [removed, 'removed'],
    ].filter(([count]) => count > 0)
    if (changes.length === 0) return
    const counts = changes.map(([count, what]) => `${count} ${what}`).join(', ')
    say(`The guide to the AI Act and the GDPR is in the shared knowledge base: ${counts}`)
  } catch (error) {
    if (signal.aborted) return
    const [reason] = String(error?.message ?? 'unknown').split('\n')
    say(
      `The guide was not imported (${reason}); npm run knowledge:import -- knowledge/guide does it by hand`,
    )
  }
}
