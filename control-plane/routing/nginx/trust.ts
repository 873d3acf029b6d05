import { isIPv6, SocketAddress } from 'node:net'
import type { Listener } from '../table.ts'

/** Where the address of a client comes from: what the connection says first (PROXY protocol), or what trusted balancers say. */
export function trustLines(
  { proxyProtocol }: Pick<Listener, 'proxyProtocol'>,
  trustedProxies: readonly string[],
): readonly string[] {
  if (proxyProtocol) {
    return ['set_real_ip_from 0.0.0.0/0;', 'set_real_ip_from ::/0;', 'real_ip_header proxy_protocol;']
  }
  if (trustedProxies.length === 0) return []
  return [
    ...new Set(trustedProxies.map((network) => `set_real_ip_from ${networkText(network)};`)),
    'real_ip_header X-Forwarded-For;',
    'real_ip_recursive on;',
  ]
}

/** An address or a network without the bits that belong to no network, of which nginx would warn. */
export function networkText(text: string): string {
  const [address = '', bits] = text.split('/')
  if (bits === undefined) return address
  const groups = isIPv6(address) ? groupsOf(address) : address.split('.').map(Number)
  const width = isIPv6(address) ? 16 : 8
  const masked = groups.map((group, index) => {
    const own = Math.min(width, Math.max(0, Number(bits) - index * width))
    return group & ~(2 ** (width - own) - 1)
  })
  const network = isIPv6(address)
    ? new SocketAddress({ address: masked.map((group) => group.toString(16)).join(':'), family: 'ipv6' }).address
    : masked.join('.')
  return `${network}/${bits}`
}

function groupsOf(address: string): readonly number[] {
  // The last two groups may be written as an IPv4 address.
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  )
  const [before = '', after] = plain.split('::')
  const parts = (side: string) => side.split(':').filter(Boolean)
  const [left, right] = [parts(before), parts(after ?? '')]
  const zeros = after === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array.from({ length: zeros }, () => '0'), ...right].map((group) => Number.parseInt(group, 16))
}
