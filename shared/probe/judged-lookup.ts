import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

/** Whether a probe may connect to an address, as it came out of the resolver. */
export type MayReach = (address: string, port: number) => boolean

/** A connection that was not begun: its address is nowhere that this process lets itself be sent. */
export class NotReachable extends Error {
  readonly code = 'EHEDDLE_NOT_REACHABLE'
}

/** Resolves a name; tests hand in their own. */
export type Resolve = (
  host: string,
  options: LookupOptions & { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void

/**
 * What has a socket connect to an address that was judged, and to no other: a name is resolved once, and what came out is what is connected
 * to. One address out of reach is enough for a name not to be followed: it would lead elsewhere another time. Throws NotReachable for an
 * address that is out of reach itself.
 */
export function judgedLookup(
  { address, port }: { readonly address: string; readonly port: number },
  mayReach: MayReach,
  resolve: Resolve = lookup,
): LookupFunction | undefined {
  if (isIP(address) > 0) {
    if (!mayReach(address, port)) throw new NotReachable(`${address}:${port} is out of reach`)
    return undefined
  }
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error || !first) return done(error ?? new NotReachable(`${host} leads nowhere`), [])
      const out = addresses.find((each) => !mayReach(each.address, port))
      if (out) return done(new NotReachable(`${host} leads to ${out.address}, which is out of reach`), [])
      if (options.all === true) done(null, [...addresses])
      else done(null, first.address, first.family)
    })
  }
}
