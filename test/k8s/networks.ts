import { BlockList, isIPv4 } from 'node:net'

/** Not reachable over the internet, or leading back into a private network (RFC 6890, RFC 6052). */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  'fc00::/7',
  'fe80::/10',
] as const

function read(cidr: string) {
  const [address = '', prefix = ''] = cidr.split('/')
  return {
    address,
    prefix: Number(prefix),
    family: isIPv4(address) ? ('ipv4' as const) : ('ipv6' as const),
  }
}

/** Whether the whole of `inner` lies in `outer`. */
function isWithin(inner: string, outer: string): boolean {
  const [a, b] = [read(inner), read(outer)]
  if (a.family !== b.family || a.prefix < b.prefix) return false
  const list = new BlockList()
  list.addSubnet(b.address, b.prefix, b.family)
  return list.check(a.address, a.family)
}

/** Whether anything of it is reachable over the internet. */
export function isPublic(cidr: string): boolean {
  return !PRIVATE.some((network) => isWithin(cidr, network))
}

/** Private networks in `cidr` that no exception covers. */
export function privateNetworksLeftOpen(
  cidr: string,
  except: readonly string[],
): readonly string[] {
  return PRIVATE.filter(
    (network) =>
      isWithin(network, cidr) && !except.some((exception) => isWithin(network, exception)),
  )
}
