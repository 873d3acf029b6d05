import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** Ends of names that nobody on the Internet can own: such a name does not lead a browser here by somebody else's hand. */
const ofNobody = ['localhost', 'local', 'internal', 'lan', 'home.arpa', 'consul', 'test']
/** Texts that were found good are remembered: callers say the same again and again. */
const mostKnown = 1_000

/**
 * Whether a plane answers under this name. A web page can have its own name lead to a plane's address (DNS rebinding), and would then read
 * what the plane answers there; so a name counts only if it is one of the plane's, or one that no page has: an address, a name without a
 * dot, a name of a network's own.
 * @param authority `host`, `host:port`, `[::1]:8888`
 * @param names in small letters; `*.example.com` stands for all names below
 */
export function isOwnHost(authority: string, names: readonly string[]): boolean {
  const host = hostIn(authority)
  if (host === undefined) return false
  if (isIP(host) > 0) return true
  // A browser reads 2130706433 and 0x7f.1 as addresses, and sends them as such; as names they are nobody's.
  const labels = host.split('.')
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return false
  if (labels.length === 1 || ofNobody.some((end) => host.endsWith(`.${end}`))) return true
  return names.some((name) => (name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name))
}

function hostIn(authority: string): string | undefined {
  const [, literal, name] = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::\d{1,5})?$/.exec(authority) ?? []
  if (literal !== undefined) return isIP(literal) === 6 ? literal.toLowerCase() : undefined
  const host = name?.toLowerCase().replace(/\.$/, '')
  return host === undefined || host === '' || host.split('.').includes('') ? undefined : host
}

/** Looks at the names under which requests come. */
export class HostCheck {
  readonly #names: () => readonly string[]
  #good = new Set<string>()
  #refused = 0

  /** @param names what the plane is called besides addresses; asked again for each name that is new */
  constructor(names: () => readonly string[]) {
    this.#names = names
  }

  get refused(): number {
    return this.#refused
  }

  /** Whether a request is to be answered. What asks whether the plane lives may speak HTTP/1.0, which names nobody. */
  accepts({ headers, url = '/', httpVersionMinor, httpVersionMajor }: Asking): boolean {
    const { host } = headers
    // Who writes the whole address means that one (RFC 9112, 3.2.2).
    const written = url.startsWith('/') ? undefined : /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1]
    const isOld = httpVersionMajor === 1 && httpVersionMinor === 0
    const good = host === undefined ? isOld && isLifeSign(url) : this.#knows(host)
    if (good && (written === undefined || this.#knows(written))) return true
    this.#refused += 1
    return false
  }

  #knows(authority: string): boolean {
    if (this.#good.has(authority)) return true
    const names = this.#names().map((name) => name.toLowerCase().replace(/\.$/, ''))
    if (!isOwnHost(authority, names)) return false
    if (this.#good.size >= mostKnown) this.#good = new Set()
    this.#good.add(authority)
    return true
  }
}

type Asking = Pick<IncomingMessage, 'headers' | 'httpVersionMajor' | 'httpVersionMinor'> & {
  readonly url?: string | undefined
}

function isLifeSign(url: string): boolean {
  return url === '/health' || url.startsWith('/health?')
}
