import { isIP, isIPv4 } from 'node:net'

/** What an address is to which nobody else may send a process that probes. */
export type Nowhere = 'no address' | 'link-local' | 'metadata' | 'multicast' | 'nobody' | 'loopback' | 'control port'

export type Reach = {
  /** Whether loopback is within reach: whoever may say where to probe is on this machine. */
  readonly loopback: boolean
  /** Ports by which this machine is steered, whichever of its addresses they are asked at. */
  readonly ports: ReadonlySet<number>
  /** Whether an address is one of this machine. */
  readonly isOwn: (address: string) => boolean
}

type Kind = Exclude<Nowhere, 'control port' | 'no address'>

/** Networks of IPv4: address, bits, kind. Clouds tell a machine its own secrets at some addresses besides 169.254.169.254. */
const networks: readonly (readonly [address: string, bits: number, kind: Kind])[] = [
  ['169.254.0.0', 16, 'link-local'],
  ['100.100.100.200', 32, 'metadata'],
  ['168.63.129.16', 32, 'metadata'],
  ['192.0.0.192', 32, 'metadata'],
  ['127.0.0.0', 8, 'loopback'],
  ['0.0.0.0', 8, 'nobody'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'nobody'],
]
const ranges = networks.map(([address, bits, kind]) => ({ kind, size: 2 ** (32 - bits), from: numberOf(address) }))
const metadata6 = new Set(['fd00:ec2:0:0:0:0:0:254', 'fd20:ce:0:0:0:0:0:254'])

/**
 * What an address is, as it came out of the resolver: link-local, loopback or whatever else is not simply somewhere. An IPv6 address that
 * stands for an IPv4 address (mapped, compatible, NAT64, 6to4) is that one too, and a zone changes nothing.
 */
export function kindOfAddress(address: string): Exclude<Nowhere, 'control port'> | undefined {
  if (isIPv4(address)) return kindOf4(numberOf(address))
  const [plain = ''] = address.replace(/^\[|\]$/g, '').split('%', 1)
  if (isIPv4(plain)) return kindOf4(numberOf(plain))
  return isIP(plain) === 6 ? kindOf6(groupsOf(plain)) : 'no address'
}

function kindOf4(number: number): Kind | undefined {
  return ranges.find(({ from, size }) => number >= from && number < from + size)?.kind
}

function kindOf6(groups: readonly number[]): Kind | undefined {
  const [first = 0] = groups
  const last = groups.at(-1)
  if ((first & 0xffc0) === 0xfe80) return 'link-local'
  if ((first & 0xff00) === 0xff00) return 'multicast'
  if (metadata6.has(groups.map((group) => group.toString(16)).join(':'))) return 'metadata'
  if (groups.slice(0, 7).every((group) => group === 0) && (last === 0 || last === 1)) {
    return last === 0 ? 'nobody' : 'loopback'
  }
  const inner = innerOf(groups)
  return inner === undefined ? undefined : kindOf4(inner)
}

/** What is wrong with probing a resolved address; undefined: it may be. */
export function judgeTarget(address: string, port: number, { loopback, ports, isOwn }: Reach): Nowhere | undefined {
  const kind = kindOfAddress(address)
  if (kind !== undefined && kind !== 'loopback') return kind
  if (ports.has(port) && (kind === 'loopback' || isOwn(address))) return 'control port'
  return kind === 'loopback' && !loopback ? kind : undefined
}

/** The IPv4 address to which an IPv6 address leads, or may; undefined: to none. */
function innerOf(groups: readonly number[]): number | undefined {
  const [a = 0, b = 0, c = 0] = groups
  const [high = 0, low = 0] = groups.slice(6)
  const isZero = (part: readonly number[]) => part.every((group) => group === 0)
  if (a === 0x2002) return b * 0x1_0000 + c
  // NAT64: 64:ff9b::/96, and the same for a network of one's own, 64:ff9b:1::/48.
  const isNat64 = a === 0x64 && b === 0xff9b
  const isMapped = isZero(groups.slice(0, 5)) && (groups[5] === 0xffff || groups[5] === 0)
  const isTranslated = isZero(groups.slice(0, 4)) && groups[4] === 0xffff && groups[5] === 0
  return isNat64 || isMapped || isTranslated ? high * 0x1_0000 + low : undefined
}

function groupsOf(address: string): readonly number[] {
  // The one way in which a URL writes an IPv6 address.
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}
