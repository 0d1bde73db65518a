import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One version of an object, as the server keeps it. */
export interface StoredVersion {
  readonly id: string
  readonly body: Buffer
  readonly contentType: string
  readonly lockMode: string | undefined
  readonly retainUntil: Date | undefined
}

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string
  /** Every version of a key, oldest first. */
  versions(key: string): readonly StoredVersion[]
  keys(): readonly string[]
  /** Method and path with query of every request. */
  readonly requests: string[]
  /** Answers a request itself and returns true, or leaves it to the server. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean
}

interface Options {
  readonly bucket: string
  readonly objectLock: boolean
  readonly accessKeyId: string
  /** The longest page of a listing; Amazon's is 1000. */
  readonly pageSize?: number
}

class S3Error extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code)
  }
}

/**
 * The part of Amazon S3's REST API that checkpoints need, over HTTP: conditional PUT with checksum
 * and object lock, GET, ListObjectsV2, GetObjectLockConfiguration and DELETE with versions. Written
 * from the API reference, and in no other way acquainted with the client under test. Signatures are
 * required and their credential looked at, not recomputed.
 */
export async function startS3Server(options: Options): Promise<S3Server> {
  const objects = new Map<string, StoredVersion[]>()
  let lastId = 0
  const requests: string[] = []

  function authorize(request: IncomingMessage): void {
    const { authorization = '' } = request.headers
    const [, credential = ''] =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[^/]+\/s3\/aws4_request, SignedHeaders=[a-z0-9;-]*\bhost\b[a-z0-9;-]*, Signature=[0-9a-f]{64}$/.exec(
        authorization,
      ) ?? []
    if (credential !== options.accessKeyId) throw new S3Error(403, 'InvalidAccessKeyId')
    if (!request.headers['x-amz-date']) throw new S3Error(403, 'AccessDenied')
  }

  function put(key: string, body: Buffer, { headers }: IncomingMessage): string {
    const checksum = headers['x-amz-checksum-sha256']
    const mode = headers['x-amz-object-lock-mode']
    const until = headers['x-amz-object-lock-retain-until-date']
    if (mode !== undefined || until !== undefined) {
      if (!options.objectLock) throw new S3Error(400, 'InvalidRequest')
      if (mode !== 'COMPLIANCE' || typeof until !== 'string')
        throw new S3Error(400, 'InvalidArgument')
      if (!(Date.parse(until) > Date.now())) throw new S3Error(400, 'InvalidArgument')
      if (checksum === undefined) throw new S3Error(400, 'InvalidRequest')
    }
    if (checksum !== undefined) {
      const actual = createHash('sha256').update(body).digest('base64')
      if (checksum !== actual) throw new S3Error(400, 'BadDigest')
    }
    const versions = objects.get(key) ?? []
    if (headers['if-none-match'] === '*' && versions.length > 0) {
      throw new S3Error(412, 'PreconditionFailed')
    }
    lastId += 1
    const version: StoredVersion = {
      id: `v${lastId}`,
      body,
      contentType: headers['content-type'] ?? '',
      lockMode: mode,
      retainUntil: typeof until === 'string' ? new Date(until) : undefined,
    }
    objects.set(key, options.objectLock ? [...versions, version] : [version])
    return version.id
  }

  function remove(key: string, versionId: string | null): void {
    const versions = objects.get(key) ?? []
    if (versionId === null) throw new S3Error(501, 'NotImplemented')
    const version = versions.find(({ id }) => id === versionId)
    if (!version) throw new S3Error(404, 'NoSuchVersion')
    if (version.retainUntil && version.retainUntil > new Date()) {
      throw new S3Error(403, 'AccessDenied')
    }
    objects.set(
      key,
      versions.filter((other) => other !== version),
    )
  }

  function listObjects(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter')
    const page = Math.min(Number(query.get('max-keys') ?? 1000), options.pageSize ?? 1000)
    const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
    const names = new Map<string, 'object' | 'folder'>()
    for (const key of [...objects.keys()].sort()) {
      if (!key.startsWith(prefix) || objects.get(key)?.length === 0) continue
      const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
      if (cut < 0) names.set(key, 'object')
      else names.set(key.slice(0, cut + 1), 'folder')
    }
    const rest = [...names].filter(([name]) => name > after)
    const shown = rest.slice(0, page)
    const truncated = rest.length > shown.length
    const items = shown.map(([name, kind]) =>
      kind === 'object'
        ? `<Contents><Key>${xml(name)}</Key><Size>${objects.get(name)?.at(-1)?.body.length ?? 0}</Size></Contents>`
        : `<CommonPrefixes><Prefix>${xml(name)}</Prefix></CommonPrefixes>`,
    )
    const next = truncated
      ? `<NextContinuationToken>${xml(shown.at(-1)?.[0] ?? '')}</NextContinuationToken>`
      : ''
    return document(
      'ListBucketResult',
      `<Name>${options.bucket}</Name><Prefix>${xml(prefix)}</Prefix><KeyCount>${shown.length}</KeyCount>` +
        `<MaxKeys>${page}</MaxKeys><IsTruncated>${truncated}</IsTruncated>${items.join('')}${next}`,
    )
  }

  function onBucket(request: IncomingMessage, query: URLSearchParams): string {
    if (request.method !== 'GET') throw new S3Error(405, 'MethodNotAllowed')
    if (query.has('object-lock')) {
      if (!options.objectLock) throw new S3Error(404, 'ObjectLockConfigurationNotFoundError')
      return document('ObjectLockConfiguration', '<ObjectLockEnabled>Enabled</ObjectLockEnabled>')
    }
    if (query.get('list-type') !== '2') throw new S3Error(501, 'NotImplemented')
    return listObjects(query)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    requests.push(`${request.method ?? ''} ${url.pathname}${url.search}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    authorize(request)
    const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent)
    if (bucket !== options.bucket) throw new S3Error(404, 'NoSuchBucket')
    const key = rest.join('/')
    if (key === '') {
      response.setHeader('content-type', 'application/xml')
      response.end(onBucket(request, url.searchParams))
    } else if (request.method === 'PUT') {
      response.setHeader('x-amz-version-id', put(key, Buffer.concat(chunks), request))
      response.end()
    } else if (request.method === 'GET') {
      const version = objects.get(key)?.at(-1)
      if (!version) throw new S3Error(404, 'NoSuchKey')
      response.setHeader('content-type', version.contentType)
      response.end(version.body)
    } else if (request.method === 'DELETE') {
      remove(key, url.searchParams.get('versionId'))
      response.writeHead(204).end()
    } else {
      throw new S3Error(405, 'MethodNotAllowed')
    }
  }

  const server = createServer((request, response) => {
    if (running.intercept(request, response)) return
    answer(request, response).catch((error: unknown) => {
      const known = error instanceof S3Error ? error : new S3Error(500, 'InternalError')
      response.writeHead(known.status, { 'content-type': 'application/xml' })
      response.end(
        `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${known.code}</Code></Error>`,
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const running: S3Server = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    versions: (key) => objects.get(key) ?? [],
    keys: () => [...objects.keys()].sort(),
    requests,
    intercept: () => false,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return running
}

function document(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
