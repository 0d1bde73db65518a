import { createHash } from 'node:crypto'
import { type ChatRules, COMMON_RULES } from './chat-dialect.js'
import { byName, checkByList } from './listed-model.js'

const CALL_ID = /^[a-zA-Z0-9]{9}$/

/** https://docs.mistral.ai/api: unknown fields are refused, and usage is in the last chunk. */
export const MISTRAL: ChatRules = {
  ...COMMON_RULES,
  seed: 'random_seed',
  alwaysCounts: true,
  toCallId,
  check: checkByList({
    isSame: byName,
    advice: () => 'check its name; https://docs.mistral.ai names the models',
  }),
}

/**
 * Mistral takes ids of nine letters and digits only. A conversation that another provider began has
 * longer ones; the same id always becomes the same.
 */
function toCallId(id: string): string {
  if (CALL_ID.test(id)) return id
  const digest = createHash('sha256').update(id).digest()
  return BigInt(`0x${digest.toString('hex')}`)
    .toString(36)
    .slice(0, 9)
}
