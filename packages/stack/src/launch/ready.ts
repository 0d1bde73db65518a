import type { Demo } from './demo.js'

/** The ready line; version 1. Scripts read it: fields are added, never changed. */
export interface ReadyInfo extends Demo {
  readonly version: 1
  readonly url: string
  readonly data_dir: string
  readonly services: readonly {
    readonly name: string
    readonly pid: number
    readonly http_port: number | null
    readonly grpc_port: number | null
    readonly metrics_port: number
  }[]
  readonly postgres: { readonly pid: number; readonly port: number }
  /** Null where no redis-server is installed: the gateway counts in its own memory then. */
  readonly redis: { readonly pid: number; readonly port: number } | null
  readonly curl: readonly string[]
}

const QUESTION = 'What do you know about our documents?'

/** Two lines that work alone when pasted into a shell. */
export function curlLines(url: string, apiKey: string, model: string): string[] {
  const messages = [{ role: 'user', content: QUESTION }]
  return [
    curl(`${url}/api/v1/chat`, apiKey, { messages, stream: true }),
    curl(`${url}/v1/chat/completions`, apiKey, { model, messages }),
  ]
}

function curl(url: string, apiKey: string, body: unknown): string {
  const headers = [`authorization: Bearer ${apiKey}`, 'content-type: application/json']
  const flags = headers.map((header) => `-H ${quote(header)}`).join(' ')
  return `curl -sSN ${quote(url)} ${flags} -d ${quote(JSON.stringify(body))}`
}

/** For a POSIX shell: nothing inside single quotes is special but the quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** The same for people. */
export function describeReady({ url, login, operator, data_dir, curl }: ReadyInfo): string {
  return [
    '',
    `Lex Custis is ready: ${url}`,
    '',
    `  Log in as    ${login.email}  ${login.password}`,
    `  Operator     ${operator.email}  ${operator.password}`,
    `  Data, logs   ${data_dir}`,
    '',
    'Ask a question, streamed:',
    '',
    `  ${curl[0] ?? ''}`,
    '',
    'The same as an OpenAI client asks it:',
    '',
    `  ${curl[1] ?? ''}`,
    '',
    'Ctrl-C stops everything and keeps the data.',
    '',
  ].join('\n')
}
