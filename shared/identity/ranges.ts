import { BlockList, isIP, isIPv4 } from 'node:net'

/** Whether a text is a range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export function isRange(text: string): boolean {
  return readRange(text) !== undefined
}

/**
 * Tells which addresses lie in any of the ranges. An IPv4 address in the clothes of IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. What is
 * no address, a name say, lies in none, nor does one with a zone: it means another thing on each host.
 */
export function addressesIn(ranges: readonly string[]): (address: string) => boolean {
  // One for each kind: Node's looks for IPv4 addresses in ranges of IPv6 too.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of ranges) {
    const range = readRange(text)
    if (range) lists[kindOf(range.address)].addSubnet(range.address, range.bits, kindOf(range.address))
  }
  return (address) => {
    if (isIP(address) === 0 || address.includes('%')) return false
    const plain = withoutClothes(address)
    return lists[kindOf(plain)].check(plain, kindOf(plain))
  }
}

/** Whether the ranges are every address there is, so that names are none the wider. */
export function isEverything(ranges: readonly string[]): boolean {
  const whole = ranges.map(readRange).filter((range) => range?.bits === 0)
  return whole.some((range) => range && isIPv4(range.address)) && whole.some((range) => range && !isIPv4(range.address))
}

function kindOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}

function readRange(text: string): { readonly address: string; readonly bits: number } | undefined {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || more.length > 0) return undefined
  const most = family === 4 ? 32 : 128
  if (bits === undefined) return { address, bits: most }
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? { address, bits: Number(bits) } : undefined
}

const mapped = /^::ffff:0*([0-9a-f]{1,4}):0*([0-9a-f]{1,4})$/

function withoutClothes(address: string): string {
  if (isIPv4(address)) return address
  // The one way in which a URL writes an IPv6 address.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [, high, low] = mapped.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  const number = Number.parseInt(high, 16) * 0x1_0000 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')
}
