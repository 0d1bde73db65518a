import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js'

/** PEM texts: the authority everyone trusts, and this service's own certificate and key. */
export interface TlsIdentity {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export function serverCredentials({ ca, cert, key }: TlsIdentity): ServerCredentials {
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }
  return ServerCredentials.createSsl(Buffer.from(ca), [pair], true)
}

export function channelCredentials({ ca, cert, key }: TlsIdentity): ChannelCredentials {
  return ChannelCredentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert))
}

/** DNS names of a peer's certificate: its identity. Anything but DNS names is ignored. */
export function peerNames(subjectAltName: string | undefined): readonly string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length))
}
