import type { LookupAddress } from 'node:dns'
import { describe, expect, test } from 'vitest'
import { AddressGuard, type AddressGuardOptions, isPublicAddress } from './address-guard.js'

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'api.example.com': ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
  'inside.example.com': ['10.1.2.3'],
  'half.example.com': ['93.184.215.14', '192.168.1.1'],
  'vllm.internal': ['10.9.9.9'],
  localhost: ['127.0.0.1'],
  'rebound.example.com': ['127.0.0.1'],
}

function guardOf(options: Partial<AddressGuardOptions> = {}): AddressGuard {
  return new AddressGuard({
    allowedHosts: [],
    isLoopbackAllowed: false,
    resolve: (hostname, _, callback) => {
      const addresses = NAMES[hostname]
      if (!addresses) callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), [])
      else
        callback(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        )
    },
    ...options,
  })
}

async function connect(guard: AddressGuard, hostname: string): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) => {
    guard.lookup(hostname, { all: true }, (error, addresses) => {
      if (error) reject(error)
      else resolve(addresses)
    })
  })
}

describe('an address', () => {
  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::1',
    '64:ff9b:1::808:808',
    '2001:0:4136:e378::',
    '4000::1',
    '2002:7f00:1::',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
    'not an address',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each(['1.1.1.1', '93.184.215.14', '172.32.0.1', '2606:4700::1111', '64:ff9b::101:101'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )
})

describe('a base URL of an organisation', () => {
  test.each([
    ['http://api.example.com/v1', 'https'],
    ['ftp://api.example.com/v1', 'https'],
    ['https://user:secret@api.example.com/v1', 'credentials'],
    ['https://api.example.com/v1?x=1', 'query'],
    ['https://unknown.example.com/v1', 'resolved'],
    ['https://inside.example.com/v1', 'not public'],
    ['https://half.example.com/v1', 'not public'],
    ['https://localhost/v1', 'not public'],
    ['https://127.0.0.1/v1', 'not public'],
    ['https://127.1/v1', 'not public'],
    ['https://2130706433/v1', 'not public'],
    ['https://0x7f.0.0.1/v1', 'not public'],
    ['https://0177.0.0.1/v1', 'not public'],
    ['https://169.254.169.254/latest', 'not public'],
    ['https://[::1]/v1', 'not public'],
    ['https://[::ffff:10.0.0.1]/v1', 'not public'],
    ['https://[fd00:ec2::254]/v1', 'not public'],
    ['http://127.0.0.1:11434/v1', 'https'],
    ['nonsense', 'not a URL'],
  ])('%s is refused', async (baseUrl, why) => {
    await expect(guardOf().checkBaseUrl(baseUrl)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringContaining(why) as string,
      errors: [{ pointer: '/base_url' }],
    })
  })

  test('may be any public https endpoint', async () => {
    await guardOf().checkBaseUrl('https://api.example.com/v1')
    await guardOf().checkBaseUrl('https://1.1.1.1:8443/v1')
  })

  test('may be a host of ours that the operator has allowed, over http too', async () => {
    const guard = guardOf({ allowedHosts: ['VLLM.internal', '10.1.1.1', '[fd00::1]'] })
    await guard.checkBaseUrl('http://vllm.internal:8000/v1')
    await guard.checkBaseUrl('http://vllm.internal.:8000/v1')
    await guard.checkBaseUrl('http://10.1.1.1/v1')
    await guard.checkBaseUrl('https://[fd00::1]/v1')
    await expect(guard.checkBaseUrl('https://10.1.1.2/v1')).rejects.toThrow()
  })

  test('may be this machine when everything runs on it, and nothing else private', async () => {
    const guard = guardOf({ isLoopbackAllowed: true })
    await guard.checkBaseUrl('http://localhost:11434/v1')
    await guard.checkBaseUrl('http://127.0.0.1:11434/v1')
    await guard.checkBaseUrl('http://[::1]:11434/v1')
    await expect(guard.checkBaseUrl('http://rebound.example.com/v1')).rejects.toThrow()
    await expect(guard.checkBaseUrl('https://192.168.0.1/v1')).rejects.toThrow()
    await expect(guard.checkBaseUrl('https://169.254.169.254/v1')).rejects.toThrow()
  })
})

describe('a connection', () => {
  test('is made to the addresses that were checked', async () => {
    const addresses = await connect(guardOf(), 'api.example.com')
    expect(addresses).toHaveLength(2)
  })

  test.each(['rebound.example.com', 'half.example.com'])(
    'is refused when %s has come to point inside',
    async (name) => {
      await expect(connect(guardOf(), name)).rejects.toMatchObject({ reason: 'UPSTREAM_ERROR' })
    },
  )

  test('is refused to a literal address, which no lookup sees', () => {
    expect(() => guardOf().assertLiteral(new URL('https://[::ffff:7f00:1]/v1'))).toThrow(
      /not public/,
    )
  })
})
