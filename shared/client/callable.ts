import type { DiscoveryView } from '../protocol/discovery-list.ts'

/** An instance that may be called. */
export type Callable = {
  readonly instance: string
  /** Empty if nobody said. */
  readonly cluster: string
  readonly address: string
  readonly port: number
  /** 1 to 1000; 100 is normal. */
  readonly weight: number
  /** Only when nothing better of its cluster is left. */
  readonly last: boolean
}

/** The instances of an answer that may be called: routable ones with a weight; what only a Consul knows is never called. */
export function callablesOf({ basic_servers, zervi_services }: DiscoveryView): readonly Callable[] {
  return [...basic_servers, ...zervi_services]
    .filter(({ routable, weight }) => routable !== 'no' && weight > 0)
    .map(({ id, cluster, address, port, weight, routable }) => ({
      instance: id,
      cluster,
      address,
      port,
      weight,
      last: routable === 'last',
    }))
}

/** Those that come first: all but the last resorts, unless there are no others. */
export function bestOf(callables: readonly Callable[]): readonly Callable[] {
  const better = callables.filter(({ last }) => !last)
  return better.length > 0 ? better : callables
}
