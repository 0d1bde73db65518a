import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const hasOpenssl = spawnSync('openssl', ['ts', '-help']).status === 0

/** A request for a timestamp and OpenSSL's answer to it. */
export interface Exchange {
  readonly query: Buffer
  readonly reply: Buffer
}

export interface Answer {
  readonly status?: number
  readonly contentType?: string
  readonly body: Uint8Array
}

/** A timestamp authority: `openssl ts -reply` behind HTTP, with a throw-away certificate authority. */
export interface OpensslAuthority extends AsyncDisposable {
  readonly url: string
  /** PEM of the authority's issuer. */
  readonly ca: string
  readonly exchanges: Exchange[]
  /** What is answered instead of OpenSSL's reply. */
  tamper: (exchange: Exchange) => Answer | Promise<Answer>
  /** Whether `openssl ts -verify` accepts a token for this content. */
  verify(token: Uint8Array, content: string): Promise<boolean>
  /** Answers a query, signed with another certificate of the same issuer. */
  resign(query: Uint8Array, usage: string, namesCertificate?: boolean): Promise<Buffer>
  /** The answer to a query as the authority would give it, or to another query. */
  reply(query: Uint8Array): Promise<Buffer>
}

const CONFIG = (folder: string): string => `
[tsa]
default_tsa = one
[one]
serial = ${folder}/serial
crypto_device = builtin
signer_cert = ${folder}/tsa.pem
certs = ${folder}/ca.pem
signer_key = ${folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

export async function startOpensslAuthority(): Promise<OpensslAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'lexcustis-tsa-'))
  const path = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): Promise<{ stdout: string }> => run('openssl', args)
  let files = 0
  const write = async (content: string | Uint8Array): Promise<string> => {
    files += 1
    await writeFile(path(`file${files}`), content)
    return path(`file${files}`)
  }

  async function issue(name: string, usage: string): Promise<void> {
    const extensions = await write(`basicConstraints=CA:FALSE\n${usage}\n`)
    await openssl(
      ...['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', path(`${name}.key`)],
      ...['-subj', `/O=Lex Custis test/CN=${name}`, '-out', path(`${name}.csr`)],
    )
    await openssl(
      ...['x509', '-req', '-in', path(`${name}.csr`), '-CA', path('ca.pem')],
      ...['-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', extensions],
      ...['-out', path(`${name}.pem`)],
    )
  }

  await openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', path('ca.key')],
    ...['-subj', '/O=Lex Custis test/CN=Throw-away CA', '-days', '2', '-out', path('ca.pem')],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  )
  await issue('tsa', 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping')
  await writeFile(path('tsa.cnf'), CONFIG(folder))
  await writeFile(path('serial'), '01\n')

  async function reply(query: Uint8Array): Promise<Buffer> {
    const queryFile = await write(query)
    await openssl(
      ...['ts', '-reply', '-config', path('tsa.cnf'), '-section', 'one'],
      ...['-queryfile', queryFile, '-out', `${queryFile}.tsr`],
    )
    return readFile(`${queryFile}.tsr`)
  }

  const exchanges: Exchange[] = []
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const query = Buffer.concat(chunks)
      if (request.headers['content-type'] !== 'application/timestamp-query') {
        response.writeHead(415).end()
        return
      }
      const exchange = { query, reply: await reply(query) }
      exchanges.push(exchange)
      const { status = 200, contentType, body } = await authority.tamper(exchange)
      response.writeHead(status, { 'content-type': contentType ?? 'application/timestamp-reply' })
      response.end(body)
    }
    answer().catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const authority: OpensslAuthority = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`,
    ca: await readFile(path('ca.pem'), 'utf8'),
    exchanges,
    tamper: (exchange) => ({ body: exchange.reply }),
    reply,
    async verify(token, content) {
      const [tokenFile, contentFile] = [await write(token), await write(content)]
      return openssl(
        ...['ts', '-verify', '-token_in', '-in', tokenFile, '-data', contentFile],
        ...['-CAfile', path('ca.pem')],
      ).then(
        () => true,
        () => false,
      )
    },
    async resign(query, usage, namesCertificate = true) {
      files += 1
      const name = `other${files}`
      await issue(name, usage)
      const token = `${await write(await reply(query))}.token`
      await openssl('ts', '-reply', '-in', token.slice(0, -6), '-token_out', '-out', token)
      await openssl(
        ...['cms', '-verify', '-noverify', '-inform', 'DER', '-in', token],
        ...['-out', `${token}.info`],
      )
      await openssl(
        ...['cms', '-sign', '-binary', '-nodetach', '-md', 'sha256', '-outform', 'DER'],
        ...(namesCertificate ? ['-cades'] : []),
        ...['-econtent_type', 'id-smime-ct-TSTInfo', '-in', `${token}.info`],
        ...['-signer', path(`${name}.pem`), '-inkey', path(`${name}.key`), '-out', `${token}.cms`],
      )
      return granted(await readFile(`${token}.cms`))
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
  return authority
}

/** TimeStampResp { status granted, token }. */
function granted(token: Buffer): Buffer {
  return sequence(Buffer.concat([sequence(Buffer.from([2, 1, 0])), token]))
}

function sequence(content: Buffer): Buffer {
  const bytes = [...Buffer.from(content.length.toString(16).padStart(6, '0'), 'hex')]
  while (bytes[0] === 0) bytes.shift()
  const length = content.length < 128 ? [content.length] : [0x80 | bytes.length, ...bytes]
  return Buffer.concat([Buffer.from([0x30, ...length]), content])
}
