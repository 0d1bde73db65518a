import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}

/** Version of the gateway, as every `chat.started` names it. */
export const CODE_VERSION = manifest.version
