import { isIP } from 'node:net'
import { addressesIn, isRange } from '../identity/ranges.ts'
import { kindOfAddress } from '../probe/target.ts'

/**
 * Whose word an address is: `file`: of whoever wrote the program's own configuration on its host; `elsewhere`: of an API, a declaration, or
 * an answer of somebody else, such as the addresses that a sign-in service says it has.
 */
export type EgressSource = 'file' | 'elsewhere'

export type EgressRules = {
  /** Hosts (`hooks.example.com`, `*.example.com`), each with a port if it counts (`:443`), and ranges of addresses (`10.0.0.0/8`). */
  readonly allow: readonly string[]
  /** Ports by which this machine is steered. */
  readonly ports: ReadonlySet<number>
  /** Whether an address is one of this machine. */
  readonly isOwn: (address: string) => boolean
}

const hostPattern = /^(\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9])?(:\d{1,5})?$/

/** Whether a text says where a program may connect to, as `allow` has it. */
export function isEgressPattern(text: string): boolean {
  return isRange(text) || (hostPattern.test(text) && isIP(text.split(':', 1)[0] ?? '') === 0)
}

/**
 * What is wrong with connecting to an address, as a sentence without a subject; undefined: nothing is. Its host may be a name: what that
 * leads to is judged by `judgeEgressAddress` when it is connected to.
 * @param text an http or https URL
 */
export function judgeEgress(text: string, source: EgressSource, rules: EgressRules): string | undefined {
  if (!URL.canParse(text)) return 'is no URL'
  const { protocol, hostname, port: said, username, password } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:') return 'is neither http nor https'
  if (username !== '' || password !== '') return 'holds a name or a password'
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const port = said === '' ? (protocol === 'https:' ? 443 : 80) : Number(said)
  if (isIP(host) > 0) return judgeEgressAddress(host, port, source, rules)
  const isLocal = host === 'localhost' || host.endsWith('.localhost')
  if (isLocal && rules.ports.has(port)) return 'is a port by which this machine is steered'
  if (source === 'file' || rules.allow.some((pattern) => fitsHost(pattern, host, port))) return undefined
  return 'is not among `egress.allow`'
}

/**
 * What is wrong with connecting to an address that a name has led to, or that was said as it is.
 * @param host the name that led there, if one did
 */
export function judgeEgressAddress(
  address: string,
  port: number,
  source: EgressSource,
  { allow, ports, isOwn }: EgressRules,
  host?: string,
): string | undefined {
  const kind = kindOfAddress(address)
  if (kind !== undefined && kind !== 'loopback') return `leads to an address that is ${kind}`
  if (ports.has(port) && (kind === 'loopback' || isOwn(address))) return 'is a port by which this machine is steered'
  if (source === 'file' || addressesIn(allow)(address)) return undefined
  if (kind === 'loopback') return 'leads to loopback'
  const isNamed = host !== undefined && allow.some((pattern) => fitsHost(pattern, host, port))
  return isNamed ? undefined : 'is not among `egress.allow`'
}

function fitsHost(pattern: string, host: string, port: number): boolean {
  const [name = '', only] = pattern.toLowerCase().split(':')
  if (only !== undefined && Number(only) !== port) return false
  const said = host.toLowerCase()
  return name.startsWith('*.') ? said.endsWith(name.slice(1)) : said === name
}
