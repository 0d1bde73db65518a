import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { AppError } from '@lexcustis/core'
import { invalid } from '../domain/provider-choice.js'

/** IANA special-purpose registries (RFC 6890 and updates), and what clouds put metadata on. */
const NOT_PUBLIC = {
  ipv4: [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['168.63.129.16', 32],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
  // Inside 2000::/3, which is all of IPv6 that is public; Teredo and 6to4 carry an IPv4 address.
  ipv6: [
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ],
} as const

const blocked = new BlockList()
for (const [network, prefix] of NOT_PUBLIC.ipv4) blocked.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of NOT_PUBLIC.ipv6) blocked.addSubnet(network, prefix, 'ipv6')

const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

/** An IPv4 address behind NAT64 (RFC 6052): how clusters that speak only IPv6 reach the others. */
const NAT64 = /^64:ff9b::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/i

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface AddressGuardOptions {
  /** Names or addresses that organisations may use although they are ours. */
  readonly allowedHosts: readonly string[]
  /** When everything runs on one machine of one person. */
  readonly isLoopbackAllowed: boolean
  /** By default the system's resolver. */
  readonly resolve?: Resolve
}

/**
 * Keeps base URLs that organisations choose out of our own network (SSRF): by form when one is set,
 * and by address at every connection, because a name may point elsewhere by then.
 */
export class AddressGuard {
  private readonly allowedHosts: ReadonlySet<string>
  private readonly resolve: Resolve

  constructor(private readonly options: AddressGuardOptions) {
    this.allowedHosts = new Set(options.allowedHosts.map(normalize))
    this.resolve = options.resolve ?? systemLookup
  }

  /** Throws INVALID_INPUT, with what to do. */
  async checkBaseUrl(baseUrl: string): Promise<void> {
    const url = this.readUrl(baseUrl)
    const host = normalize(url.hostname)
    if (this.allowedHosts.has(host)) return
    const addresses = isIP(host) ? [host] : await this.addressesOf(host)
    if (!addresses.every((address) => this.isAllowed(address))) {
      throw invalid('/base_url', 'leads to an address that is not public')
    }
  }

  /** For literal addresses, which are connected to without a lookup. Throws UPSTREAM_ERROR. */
  assertLiteral(url: URL): void {
    const host = normalize(url.hostname)
    if (isIP(host) && !this.allowedHosts.has(host) && !this.isAllowed(host)) throw notPublic()
  }

  /** For sockets: connects only to the very addresses that were checked. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.resolve(hostname, { ...options, all: true }, (error, addresses) => {
      // Node leaves the addresses out when there is an error, whatever the types say.
      const [first] = error ? [] : addresses
      if (error || !first) {
        callback(error ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '')
      } else if (!this.mayConnect(hostname, addresses)) callback(notPublic(), '')
      else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

  private mayConnect(hostname: string, addresses: readonly LookupAddress[]): boolean {
    if (this.allowedHosts.has(normalize(hostname))) return true
    return addresses.every(({ address }) => this.isAllowed(address))
  }

  private readUrl(baseUrl: string): URL {
    if (!URL.canParse(baseUrl)) throw invalid('/base_url', 'is not a URL')
    const url = new URL(baseUrl)
    if (url.username || url.password) throw invalid('/base_url', 'must not hold credentials')
    if (url.search || url.hash) throw invalid('/base_url', 'must not hold a query or a fragment')
    if (url.protocol === 'https:') return url
    const host = normalize(url.hostname)
    if (url.protocol === 'http:' && (this.allowedHosts.has(host) || this.isOurLoopback(host))) {
      return url
    }
    throw invalid('/base_url', 'must begin with https://')
  }

  private isOurLoopback(host: string): boolean {
    return this.options.isLoopbackAllowed && (host === 'localhost' || isLoopback(host))
  }

  private isAllowed(address: string): boolean {
    if (this.options.isLoopbackAllowed && isLoopback(address)) return true
    return isPublicAddress(address)
  }

  private async addressesOf(host: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.resolve(host, { all: true }, (error, addresses) => {
        if (error) reject(invalid('/base_url', 'names a host that cannot be resolved'))
        else resolve(addresses.map(({ address }) => address))
      })
    })
  }
}

/** Whether an IP address (any text form of one) is on the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  if (family === 4) return !blocked.check(address, 'ipv4')
  const inner = NAT64.exec(address)
  if (inner) return isPublicAddress(toIPv4(inner[1] ?? '0', inner[2] ?? '0'))
  return globalUnicast.check(address, 'ipv6') && !blocked.check(address, 'ipv6')
}

function toIPv4(...halves: [string, string]): string {
  return halves
    .map((half) => Number.parseInt(half, 16))
    .flatMap((half) => [half >> 8, half & 0xff])
    .join('.')
}

function isLoopback(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** Lower case, no brackets around IPv6, no dot of the root at the end. */
function normalize(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}

function notPublic(): AppError {
  return new AppError(
    'UPSTREAM_ERROR',
    'the base URL of the provider leads to an address that is not public',
  )
}
