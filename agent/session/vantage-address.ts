import { BlockList, isIP } from 'node:net'

const own = new BlockList()
own.addSubnet('127.0.0.0', 8, 'ipv4')
own.addSubnet('0.0.0.0', 8, 'ipv4')
own.addSubnet('169.254.0.0', 16, 'ipv4')
own.addAddress('::1', 'ipv6')
own.addAddress('::', 'ipv6')
own.addSubnet('fe80::', 10, 'ipv6')

/**
 * Whether an address leads nowhere but to this host or its link: loopback, unspecified or link-local, also in its IPv6 spelling. What
 * listens there was never meant for others. Names are not looked up here.
 */
export function isOfHost(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (/^(?:.*\.)?localhost\.?$/i.test(plain)) return true
  const family = isIP(plain)
  return family !== 0 && own.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}
