import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Puts the guide that ships with the product into the shared knowledge base, as the operator; what is
 * there already is left alone. It never fails a start: when it does not work, one line says so.
 * `LEXCUSTIS_GUIDE=off` leaves the knowledge base as it is.
 */
export async function importGuide(checkout, { url, operator }, { say, signal, env }) {
  const folder = join(checkout, 'knowledge', 'guide')
  if (env.LEXCUSTIS_GUIDE === 'off' || !existsSync(folder)) return
  try {
    const { syncGuide } = await import('../knowledge/guide.mjs')
    const quiet = () => undefined
    const { added, replaced, removed } = await syncGuide(folder, {
      ...{ url, email: operator.email, password: operator.password },
      ...{ signal, say: quiet },
    })
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
